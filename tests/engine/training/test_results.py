"""The card of a result."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from engine.corpus.spec import DataSpec
from engine.runs import Plan
from engine.runs.folder import RunFolder

pytestmark = pytest.mark.torch
PLAN = Plan(model="tiny", data=DataSpec(source="reviews.jsonl"))


def test_the_card_tells_loss_perplexity_and_accuracy_before_and_after() -> None:
    from engine.training.results import Figures, card

    figures = Figures(
        step=36, parameters=1000, trainable=10, learning_rate=0.002, rows=57, tokens=900, evaluation_rows=3,
        loss_before=2.0, loss_after=1.0, accuracy_before=0.5, accuracy_after=0.75,
    )  # fmt: skip
    told = card(RunFolder(Path("mine")), PLAN, figures, "tiny")
    assert "| loss on held-out rows, nats a token | 2 | 1 |" in told
    assert "| perplexity on held-out rows | 7.389 | 2.718 |" in told
    assert "| accuracy on held-out rows | 0.5 | 0.75 |" in told
    assert "unrelated English text |" not in told
    assert "3 rows were held out and not trained on." in told
    told = card(RunFolder(Path("mine")), PLAN, msgspec.structs.replace(figures, evaluation_rows=0), "tiny")
    assert "| loss on rows that were trained on, nats a token | 2 | 1 |" in told
    assert "No row was held out" in told
