"""Did it help? Held-out loss, accuracy where there are labels, what was forgotten, and what it says now."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from engine.runs.events import EvalDone, ProbeSampled
from engine.training.checkpoints import random_states, set_random_states
from engine.training.learner import Learner
from engine.training.probes import Probe, answer
from engine.training.reporter import Reporter
from engine.training.rows import Layout, Pack, Rows, trained_tokens

_MAX_PERPLEXITY = 1e12


def perplexity(loss: float) -> float:
    """Among how many equally likely tokens the model seems to choose, by its loss in nats a token; bounded."""
    return min(_MAX_PERPLEXITY, math.exp(min(loss, 50)))


class Evaluator:
    """Reads the same held-out rows each time, without a trace in the training: no gradient, no random number."""

    def __init__(
        self,
        learner: Learner,
        rows: Rows,
        *,
        layout: Layout,
        device: torch.device,
        generic: Sequence[dict[str, list[int]]] = (),
        accuracy: Callable[[], float | None] = lambda: None,
        probes: Sequence[Probe] = (),
        probe_tokens: int = 48,
        tokenizer: Any = None,
        seed: int = 0,
        process: int = 0,
        processes: int = 1,
    ) -> None:
        """Prepare.

        Args:
            learner: What is examined.
            rows: Held-out rows; may be none.
            layout: Which of them go together.
            device: Where the model is.
            generic: Rows of a text that has nothing to do with the data.
            accuracy: Measures it where the data is labelled.
            probes: What it is asked each time.
            probe_tokens: How long its answers are at most.
            tokenizer: For the answers.
            seed: Of the answers.
            process: Which of the processes this one is.
            processes: They share the rows.
        """
        self._learner, self._device = learner, device
        self._generic, self._accuracy = generic, accuracy
        self._probes, self._probe_tokens, self._tokenizer, self._seed = probes, probe_tokens, tokenizer, seed
        self._process, self._processes = process, processes
        self._rows = rows
        self._batches = layout.epoch(0) if len(rows) else []
        self.last_loss: float | None = None

    def evaluate(self, step: int, reporter: Reporter | None = None) -> EvalDone:
        """Measure, and let the probes be answered.

        Args:
            step: After how many steps.
            reporter: Told of the probes' answers.
        """
        began_s = time.monotonic()
        with self._quietly():
            loss, tokens = self._mean_loss()
            generic = self._generic_loss() if self._generic else None
            accuracy = self._accuracy()
            if reporter is not None and self._process == 0:
                for index, probe in enumerate(self._probes):
                    text = answer(self._learner.model, self._tokenizer, probe, self._probe_tokens, self._seed + index)
                    reporter.tell(ProbeSampled(step=step, index=index, prompt=probe.prompt, text=text))
        self.last_loss = loss
        return EvalDone(
            step=step,
            loss=loss,
            perplexity=perplexity(loss),
            seconds=time.monotonic() - began_s,
            tokens=tokens,
            accuracy=accuracy,
            generic_loss=generic,
        )

    def _mean_loss(self) -> tuple[float, int]:
        """The mean over all trained tokens of the held-out rows, nats, and their count."""
        total = torch.zeros(2, dtype=torch.float64, device=self._device)
        for index, places in enumerate(self._batches):
            if index % self._processes == self._process:
                packs = [[self._rows[place] for place in pack] for pack in places]
                total[0] += self._loss(packs)
                total[1] += sum(map(trained_tokens, packs))
        if self._processes > 1:
            torch.distributed.all_reduce(total)
        return float(total[0] / total[1].clamp(min=1)), int(total[1])

    def _generic_loss(self) -> float:
        return sum(self._loss([[row]]) for row in self._generic) / max(1, trained_tokens(self._generic))

    def _loss(self, packs: Sequence[Pack]) -> float:
        batch = {name: tensor.to(self._device) for name, tensor in self._learner.collate(packs).items()}
        return float(self._learner(**batch))

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        states, was_training = random_states(), self._learner.training
        self._learner.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self._learner.train(was_training)
            set_random_states(states)
