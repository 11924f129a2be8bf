"""Runs as a trainer writes them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.paths import Paths
from tests.fakes.runs import FakeTrainer, store_runs
from tui.screens.chat import run_panel


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_panel, "LOOK_FOR_RUNS_S", 0.02)


@pytest.fixture
def trainer(paths: Paths) -> Iterator[FakeTrainer]:
    trainer = FakeTrainer(paths, "first").work().begin().train(120)
    yield trainer
    trainer.close()


@pytest.fixture
def trainers(paths: Paths) -> Iterator[tuple[FakeTrainer, ...]]:
    trainers = tuple(store_runs(paths))
    yield trainers
    for trainer in trainers:
        trainer.close()
