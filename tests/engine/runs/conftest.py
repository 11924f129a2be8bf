"""Run directories with hand-written logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.corpus.spec import DataSpec
from engine.paths import Paths
from engine.runs import Plan, RunFolder, create
from engine.runs.events import StepDone
from engine.runs.log import EventWriter


@pytest.fixture
def plan() -> Plan:
    return Plan(model="tiny", data=DataSpec(source="rows.jsonl"))


@pytest.fixture
def run(paths: Paths, plan: Plan) -> RunFolder:
    return create(paths.runs, plan, "first")


@pytest.fixture
def writer(run: RunFolder) -> Iterator[EventWriter]:
    ticks = iter(range(10**9))
    writer = EventWriter(run.events_file, clock=lambda: float(next(ticks)))
    yield writer
    writer.close()


@pytest.fixture
def step() -> Callable[..., StepDone]:
    def make(number: int, loss: float = 1.0, total: int = 0) -> StepDone:
        return StepDone(
            step=number,
            epoch=number / 100,
            loss=loss,
            lr=1e-4,
            grad_norm=0.5,
            tokens=100,
            tokens_per_s=50.0,
            seconds=2.0,
            memory_bytes=10**6,
            total_steps=total,
        )

    return make


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "a"}\n')
    return file
