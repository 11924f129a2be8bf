"""Accuracy by scoring each label's words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.corpus.spec import DataSpec
from engine.runs import Plan
from engine.runs.events import EvalDone
from tests.engine.training.conftest import Nursery, only

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Position ids are not supported:UserWarning"),
]


@pytest.mark.parametrize("model", ["gpt2", "llama"])
@pytest.mark.parametrize("method", ["full", "soft-prompt"])
def test_a_score_is_the_loss_of_the_continuation(models: dict[str, Path], model: str, method: str) -> None:
    import torch

    from engine.inference.scoring import Asked, score_continuations
    from tests.engine.training.test_learner import make_learner

    learner = make_learner(models[model], method, "padded")
    prompt, continuations = [5, 9, 40, 7], [[3], [3, 8, 2], [11, 0]]
    prefix = learner.model.get_prompt(batch_size=1)[0] if method == "soft-prompt" else None
    [(_, scores)] = score_continuations(learner.base, [Asked(prompt, continuations)], prefix=prefix)
    for score, continuation in zip(scores, continuations, strict=True):
        row = {"input_ids": prompt + continuation, "labels": [-100] * len(prompt) + continuation}
        with torch.no_grad():
            assert score.logprob == pytest.approx(-float(learner(**learner.collate([[row]]))), abs=1e-3)


@pytest.mark.parametrize(("method", "rate"), [("full", 3e-3), ("lora", 1e-2)])  # at which it is learned with any seed
def test_labels_that_are_written_in_the_text_are_learned(
    nursery: Nursery, make_plan: Callable[..., Plan], tmp_path: Path, method: Any, rate: float
) -> None:
    file = tmp_path / "labelled.jsonl"
    words = ("a b c d e f", "1 2 3 4 5 6")
    rows = [{"text": f"{words[index % 2]} {index}", "label": index % 2} for index in range(120)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = DataSpec(source=str(file), label_words=("negative", "positive"), eval_fraction=0.2)
    plan = make_plan(
        data=data, method=method, max_steps=120, evaluate_every=120, learning_rate=rate, max_length=128, pack_tokens=256
    )
    run = nursery.create(plan)
    before, after = only(nursery.train(run), EvalDone)
    assert before.accuracy is not None
    assert after.accuracy > max(0.8, before.accuracy)
    assert f"{after.accuracy:.4g}" in (run.final / "README.md").read_text()
