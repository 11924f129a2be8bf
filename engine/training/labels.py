"""Accuracy on labelled rows: which label's words does the model find likeliest behind the prompt?"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.inference.scoring import Asked, score_continuations
from engine.likelihood import TokenScores, shares
from engine.training.learner import Learner
from engine.training.probes import room_of
from engine.training.rows import IGNORED, Rows


class LabelExam:
    """Asks a model for the labels of held-out rows."""

    def __init__(
        self,
        learner: Learner,
        rows: Rows,
        label_ids: Sequence[Sequence[int]],
        *,
        device: torch.device,
        process: int = 0,
        processes: int = 1,
    ) -> None:
        """Prepare.

        Args:
            learner: In evaluation mode when it is asked.
            rows: Held-out rows; those without a label are left out.
            label_ids: The tokens of each label behind a prompt.
            device: Where the model is.
            process: Which of the processes this one is.
            processes: They share the rows.
        """
        self._learner, self._label_ids = learner, label_ids
        self._device, self._processes = device, processes
        longest = max(map(len, label_ids), default=0)
        room = room_of(learner.model) - longest
        self._questions = []
        for index in range(process, len(rows), processes):
            row = rows[index]
            masked = next((place for place, label in enumerate(row["labels"]) if label != IGNORED), 0)
            if row["label"] >= 0 and masked > 0:
                self._questions.append((row["input_ids"][:masked][-room:], int(row["label"])))

    def accuracy(self) -> float | None:
        """The share of right answers; None where there is no question."""
        counts = torch.tensor([0, len(self._questions)], device=self._device)
        for place, found in self._scores():
            by_label = shares(found)
            counts[0] += max(range(len(by_label)), key=by_label.__getitem__) == self._questions[place][1]
        if self._processes > 1:
            torch.distributed.all_reduce(counts)
        return float(counts[0]) / float(counts[1]) if counts[1] else None

    def _scores(self) -> list[tuple[int, list[TokenScores]]]:
        learner = self._learner
        prefix = learner.model.get_prompt(batch_size=1)[0] if learner.virtual_tokens else None
        dtype = learner.autocast
        asked = [Asked(prompt, self._label_ids) for prompt, _ in self._questions]
        with torch.autocast(self._device.type, dtype=dtype or torch.bfloat16, enabled=dtype is not None):
            return list(score_continuations(learner.base, asked, prefix=prefix))
