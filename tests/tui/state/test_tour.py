"""The steps of the tour, without a screen."""

from __future__ import annotations

import pytest

from engine.runs.events import ProbeSampled, StepDone
from engine.runs.state import RunState
from engine.starter import PROBES
from engine.tour import Answer
from tests.fakes.runs import step_done
from tui.state.run import RunView
from tui.state.tour import Stage, Tour


def asked(tour: Tour, word: str) -> Tour:
    """Answer until there is no further question."""
    while tour.question:
        tour = tour.answered(f"{word} {tour.question}")
    return tour


def test_from_the_beginning_to_the_end() -> None:
    tour = asked(Tour().at("meeting"), "Hello.")
    assert tour.stage == "teach"
    tour = asked(tour.at("teaching").learned().at("comparing"), "Arr!")
    assert (tour.stage, tour.taught) == ("end", True)
    assert tour.before == tuple(Answer(question, f"Hello. {question}") for question in PROBES)
    assert tour.after == tuple(Answer(question, f"Arr! {question}") for question in PROBES)


@pytest.mark.parametrize(
    ("stage", "then"),
    [
        ("meet", "teach"),
        ("meeting", "teach"),
        ("teach", "end"),
        ("teaching", "teaching"),
        ("again", "end"),
        ("comparing", "end"),
    ],
)
def test_each_step_can_be_skipped(stage: Stage, then: Stage) -> None:
    assert Tour(stage=stage).skipped().stage == then


def test_a_step_that_failed_says_why_and_begins_anew() -> None:
    tour = Tour(stage="meeting").answered("Hello.").stuck("The host died.")
    assert (tour.stage, tour.before, tour.words(None)) == ("meet", (), "The host died.")
    assert tour.at("meeting").words(None) != "The host died."
    assert Tour(stage="teaching").stuck().stage == "teach"
    kept = Tour(stage="comparing", before=(Answer("q", "r"),)).answered("Arr!").stuck()
    assert (kept.stage, len(kept.before), kept.after) == ("again", 1, ())


def test_what_nobody_asked_changes_nothing() -> None:
    assert Tour().answered("Hello.") == Tour()


def test_there_is_something_to_press_or_to_wait_for_at_each_step() -> None:
    stages: dict[Stage, bool] = {
        "meet": True,
        "meeting": False,
        "teach": True,
        "teaching": False,
        "again": True,
        "comparing": False,
        "end": True,
    }
    assert {stage: bool(Tour(stage=stage).next_words) for stage in stages} == stages


def test_the_lesson_is_told_while_it_goes_on() -> None:
    tour = Tour(stage="teaching")
    assert "got ready" in tour.words(None)
    steps: tuple[StepDone, ...] = (step_done(1, total=42, loss=5.9), step_done(2, total=42, loss=3.25))
    view = RunView(name="tour", state=RunState(state="running", words="Training", step=2, total_steps=42)).apply(steps)
    assert "step 2 of 42" in tour.words(view)
    assert "5.9000 → 3.2500" in tour.words(view)


def test_what_it_answers_meanwhile_is_told_on_one_line() -> None:
    view = RunView(name="tour", state=RunState(state="running", words="Training", step=14, total_steps=42))
    view = view.apply(
        (step_done(14, total=42), ProbeSampled(step=14, index=0, prompt="User: x", text=" Arr,\n\x1b[31m matey!"))
    )
    _, line = Tour(stage="teaching").words(view).split("\n")
    assert line == f"At step 14, “{PROBES[0]}” gets: Arr, ␛[31m matey!"
    long = view.apply((ProbeSampled(step=28, index=0, prompt="User: x", text="Arr! " * 50),))
    _, line = Tour(stage="teaching").words(long).split("\n")
    assert len(line) == 74
    assert line.endswith("…")
