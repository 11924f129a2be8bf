"""How a run's events become what is shown of it."""

from __future__ import annotations

import pytest

from engine.runs import RunState
from engine.runs.curve import Curve
from engine.runs.events import (
    AnyRunEvent,
    CheckpointSaved,
    EvalDone,
    ProbeSampled,
    RunFinished,
    RunPaused,
    RunResumed,
    StepDone,
    UnknownRunEvent,
    Warned,
)
from engine.runs.history import RECENT_STEPS, History
from tests.fakes.runs import PLAN, step_done
from tui.state.run import MAX_ANSWERS, MAX_EVALUATIONS, MAX_POINTS, MAX_WARNINGS, Look, RunView
from tui.state.run_chart import Lens
from tui.state.run_figures import answers_at, eta_s, gains, pace, reading_at
from tui.state.run_words import headline

RUNNING = RunState(state="running", words="Running", step=1, total_steps=100)
EMPTY = RunView(name="first", state=RUNNING, locked=True)


def evaluated(step: int, loss: float = 2.0, **more: float) -> EvalDone:
    return EvalDone(step=step, loss=loss, perplexity=7.0, seconds=1, tokens=10, **more)  # type: ignore[arg-type]


def said(step: int, index: int, text: str) -> ProbeSampled:
    return ProbeSampled(step=step, index=index, prompt="Once", text=text)


def steps(first: int, last: int, total: int = 100) -> list[StepDone]:
    return [step_done(step, total=total) for step in range(first, last + 1)]


def test_steps_are_kept_one_by_one_at_the_end_and_merged_before() -> None:
    view = EMPTY
    for first in range(1, 5000, 100):
        view = view.apply(steps(first, first + 99, 0))
    assert [step.step for step in view.recent] == list(range(5001 - RECENT_STEPS, 5001))
    assert len(view.curve) <= MAX_POINTS
    assert sum(point.steps for point in view.curve) == 5000
    assert [point.step for point in view.curve] == sorted(point.step for point in view.curve)


@pytest.mark.parametrize(
    ("last", "words"), [(48, "whole run · linear · not smoothed"), (200, "whole run · linear · smoothed over 6 steps")]
)
def test_a_short_run_is_not_smoothed_over_one_step(last: int, words: str) -> None:
    assert Lens().words(EMPTY.apply(steps(1, last, last))) == words


def test_the_curve_is_that_of_one_who_saw_all_steps_at_once() -> None:
    curve = Curve(MAX_POINTS)
    for step in steps(1, 5000, 0):
        curve.add(step)
    view = EMPTY
    for first in range(1, 5000, 50):
        view = view.apply(steps(first, first + 49, 0))
    assert view.curve == curve.points


def test_a_long_history_is_bounded_at_once() -> None:
    events = tuple(event for step in range(0, 9000, 3) for event in (evaluated(step), said(step, 0, "x")))
    view = EMPTY.with_history(History((), (), events, 0))
    assert len(view.evaluations) <= MAX_EVALUATIONS
    assert len(view.answers) <= MAX_ANSWERS
    assert (view.answers[0].step, view.answers[-1].step) == (0, 8997)


def test_a_resumed_run_forgets_what_it_does_again() -> None:
    told: list[AnyRunEvent] = [evaluated(0), said(0, 0, "a"), *steps(1, 60), evaluated(50), said(50, 0, "b")]
    view = EMPTY.apply([*told, RunFinished(outcome="stopped", step=60), RunResumed(step=40)])
    assert view.recent[-1].step == 40
    assert view.curve[-1].step == 40
    assert [one.step for one in view.evaluations] == [0]
    assert [one.step for one in view.answers] == [0]
    assert view.finished is None
    assert view.apply(steps(41, 42)).recent[-1].step == 42


def test_a_run_that_begins_again_has_each_evaluation_once() -> None:
    view = EMPTY.apply([evaluated(0, 4.0), said(0, 0, "a"), RunResumed(step=0), evaluated(0, 4.1), said(0, 0, "b")])
    assert [(one.step, one.loss) for one in view.evaluations] == [(0, 4.1)]
    assert [sample.text for sample in view.answers[0].samples] == ["b"]


def test_a_history_is_not_forgotten_by_the_resumptions_in_it() -> None:
    recent = tuple(steps(1, 60))
    history = History((), recent, (evaluated(0), RunResumed(step=40), evaluated(50)), 0)
    view = EMPTY.with_history(history)
    assert view.recent == recent
    assert [one.step for one in view.evaluations] == [0, 50]


def test_lists_stay_bounded_and_keep_the_first_the_best_and_the_last() -> None:
    best = 777
    view = EMPTY
    for step in range(3 * MAX_EVALUATIONS):
        view = view.apply([evaluated(step, 1.0 if step == best else 2.0), Warned(title=f"{step}")])
    kept = [one.step for one in view.evaluations]
    assert len(kept) <= MAX_EVALUATIONS
    assert (kept[0], kept[-1]) == (0, 3 * MAX_EVALUATIONS - 1)
    assert best in kept
    assert len(view.warnings) == MAX_WARNINGS


def test_what_was_asked_of_a_run_is_in_its_headline() -> None:
    preparing = RunState(state="preparing", words="")
    assert headline(EMPTY.with_(asked="pause")) == "▶ Training · pausing after this step"
    assert headline(EMPTY.with_(asked="stop", state=preparing)) == "◌ Getting ready · stopping"


@pytest.mark.parametrize(
    ("asked", "event", "left"),
    [
        ("save", CheckpointSaved(step=3, size_bytes=1, seconds=1), None),
        ("pause", CheckpointSaved(step=3, size_bytes=1, seconds=1), "pause"),
        ("pause", RunPaused(step=3, reason="asked", words="Paused"), None),
        ("stop", RunFinished(outcome="stopped", step=3), None),
        ("stop", step_done(3), "stop"),
        ("save", UnknownRunEvent(raw="{"), "save"),
    ],
)
def test_a_request_stands_until_it_is_answered(asked: str, event: AnyRunEvent, left: str | None) -> None:
    assert EMPTY.with_(asked=asked).apply([event]).asked == left


def test_a_request_ends_with_the_trainer() -> None:
    view = EMPTY.with_(asked="pause").see(Look(state=RunState(state="died", words="")))
    assert (view.asked, view.locked, view.state.state) == (None, False, "died")


def test_a_look_without_news_changes_nothing() -> None:
    assert EMPTY.see(Look()) is EMPTY


def test_a_look_brings_plan_and_checkpoints() -> None:
    view = EMPTY.see(Look(plan=PLAN, checkpoints=(), state=RUNNING, locked=True))
    assert (view.plan, view.checkpoints) == (PLAN, ())


def test_pace_and_what_is_left_are_means_over_the_last_steps() -> None:
    view = EMPTY.apply(steps(1, 60))
    assert pace(view) == pytest.approx(2000)
    assert eta_s(view) == pytest.approx(40 * 2.0)
    assert eta_s(view.with_(state=RunState(state="paused", words=""))) is None
    assert pace(EMPTY) == 0


@pytest.mark.parametrize(("step", "read", "merged"), [(1, 4, 4), (4000, 4000, 4), (5000, 5000, 1), (99_999, 5000, 1)])
def test_a_reading_is_exact_where_steps_are_known_one_by_one(step: int, read: int, merged: int) -> None:
    reading = reading_at(EMPTY.apply(steps(1, 5000, 0)), step)
    assert reading is not None
    assert (reading.step, reading.steps) == (read, merged)
    assert reading_at(EMPTY, 3) is None


def test_a_reading_has_the_evaluation_of_its_very_step() -> None:
    view = EMPTY.apply([*steps(1, 50), evaluated(50, 1.9)])
    at = reading_at(view, 50)
    beside = reading_at(view, 49)
    assert at is not None
    assert at.evaluation == evaluated(50, 1.9)
    assert beside is not None
    assert beside.evaluation is None


@pytest.mark.parametrize(("step", "found"), [(None, 100), (0, 0), (20, 0), (26, 50), (74, 50), (5000, 100)])
def test_replies_are_those_nearest_to_the_cursor(step: int | None, found: int) -> None:
    view = EMPTY.apply([said(at, index, "x") for at in (0, 50, 100) for index in (0, 1)])
    answers = answers_at(view, step)
    assert answers is not None
    assert (answers.step, len(answers.samples)) == (found, 2)
    assert answers_at(EMPTY, step) is None


def test_before_and_after_are_the_first_and_the_best_evaluation() -> None:
    view = EMPTY.apply(
        [evaluated(0, 4.0, accuracy=0.5), evaluated(50, 2.0, accuracy=0.9), evaluated(100, 2.5, accuracy=0.7)]
    )
    found = {gain.name: (gain.before, gain.after) for gain in gains(view)}
    assert found == {"loss": (4.0, 2.0), "perplexity": (7.0, 7.0), "accuracy": (0.5, 0.9)}


@pytest.mark.parametrize("events", [[], [evaluated(0, 2.0)], [evaluated(0, 2.0), evaluated(50, 3.0)]])
def test_nothing_is_claimed_before_there_is_a_gain(events: list[EvalDone]) -> None:
    assert gains(EMPTY.apply(events)) == ()
