"""A trainer steps back while a reply streams, and never stands still for it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from engine.paths import Paths
from engine.replying import told_as_replying
from engine.runs.events import StepDone
from engine.runs.plan import Plan
from engine.training.courtesy import LOOK_EVERY_S, MOST_S, Courtesy
from tests.engine.training.conftest import Nursery

pytestmark = pytest.mark.torch


class Trained:
    """Steps on a clock that only sleeping and working move."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.replies_until_s = 0.0
        self.asked_at_s = 1e9
        self.looks = 0
        self.last_step_s = 0.0
        self.waits: list[float] = []
        self.courtesy = Courtesy(
            is_replying=self.is_replying,
            is_asked=lambda: self.now_s >= self.asked_at_s,
            last_step_s=lambda: self.last_step_s,
            waited=self.waits.append,
            clock=lambda: self.now_s,
            sleep=self.sleep,
        )

    def is_replying(self) -> bool:
        self.looks += 1
        return self.now_s < self.replies_until_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds

    def step(self, seconds: float) -> float:
        """Make a step that takes so long; returns how long it was waited for."""
        self.courtesy.on_step_begin(None, None, None)
        self.now_s += seconds
        self.last_step_s = seconds
        return self.waits[-1]


@pytest.fixture
def trained() -> Trained:
    return Trained()


def test_where_nobody_replies_each_step_looks_once(trained: Trained) -> None:
    assert [trained.step(2.0) for _ in range(4)] == [0.0] * 4
    assert trained.looks == 3


def test_a_step_waits_for_as_long_as_the_last_one_took(trained: Trained) -> None:
    trained.replies_until_s = 1e6
    assert trained.step(0.5) == 0.0
    assert trained.step(0.25) == pytest.approx(0.5)
    assert trained.step(0.25) == pytest.approx(0.25)  # and not for as long as that one waited


def test_a_run_keeps_half_its_speed_however_long_somebody_talks(trained: Trained) -> None:
    trained.replies_until_s = 1e6
    began_s = trained.now_s
    for _ in range(50):
        trained.step(0.3)
    assert trained.now_s - began_s <= 2 * 50 * 0.3 + 1e-6


def test_no_step_waits_longer_than_the_most(trained: Trained) -> None:
    trained.replies_until_s = 1e6
    trained.step(60.0)
    assert trained.step(60.0) == pytest.approx(MOST_S)


def test_the_end_of_a_reply_ends_the_wait(trained: Trained) -> None:
    trained.step(3.0)
    trained.replies_until_s = trained.now_s + 1.0
    assert trained.step(3.0) == pytest.approx(1.0, abs=LOOK_EVERY_S)


def test_a_request_ends_the_wait(trained: Trained) -> None:
    trained.replies_until_s = 1e6
    trained.step(3.0)
    trained.asked_at_s = trained.now_s + 0.5
    assert trained.step(3.0) == pytest.approx(0.5, abs=LOOK_EVERY_S)


@pytest.mark.slow
def test_a_run_beside_a_reply_ends_as_one_that_does_not_wait_and_counts_its_work_alone(
    nursery: Nursery, make_plan: Callable[..., Plan], paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.training.session.yield_to_others", lambda: None)
    plan = {"max_steps": 16, "evaluate_every": 16, "preflight": False}
    polite, selfish = (nursery.create(make_plan(**plan, polite=polite)) for polite in (True, False))
    with told_as_replying(paths.replying_file):
        stood, work = standing_s(steps_of(nursery.train(polite)))
        assert stood > 0.75 * work
        stood, work = standing_s(steps_of(nursery.train(selfish)))
        assert stood < 0.5 * work
    results = [(run.final / "model.safetensors").read_bytes() for run in (polite, selfish)]
    assert results[0] == results[1]


def steps_of(events: list[Any]) -> list[StepDone]:
    return [event for event in events if isinstance(event, StepDone)]


def standing_s(steps: list[StepDone]) -> tuple[float, float]:
    """The seconds between the steps, and those of the steps before which it may have been waited."""
    between = sum(after.t - before.t - after.seconds for before, after in pairwise(steps))
    return between, sum(step.seconds for step in steps[:-1])
