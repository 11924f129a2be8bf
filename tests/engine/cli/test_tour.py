"""`tunesmith tour`: it teaches, it can be skipped and left, and nothing of it stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.paths import Paths, find_paths
from engine.runs import create
from engine.runs.control import take_request
from engine.runs.lock import TrainerLock
from engine.starter import PROBES
from engine.tour import ended_with_us, guest_home, lesson_plan
from tests.engine.cli.conftest import Command
from tests.fakes.host import fake_host


def test_what_was_made_in_a_guest_home_is_gone_afterwards() -> None:
    with guest_home(os.environ) as environ:
        runs = find_paths(environ).runs
        runs.mkdir(parents=True)
        folder = Path(environ["TUNESMITH_HOME"])
        assert folder in runs.parents
        assert environ["HOME"] == os.environ["HOME"]
    assert not folder.exists()


def test_what_is_to_be_kept_is_made_at_home(paths: Paths) -> None:
    with guest_home(os.environ, keep=True) as environ:
        assert find_paths(environ).runs == paths.runs


def test_a_lesson_that_is_left_is_stopped(paths: Paths) -> None:
    run = create(paths.runs, lesson_plan(), "tour")
    lock = TrainerLock.take(run.lock_file)
    requests = []

    def sleep(seconds: float) -> None:
        assert seconds > 0
        requests.append(take_request(run.control_file))
        lock.release()

    with pytest.raises(KeyboardInterrupt), ended_with_us(run, sleep=sleep):
        raise KeyboardInterrupt
    assert requests == ["stop"]


def test_a_trainer_that_does_not_stop_is_not_waited_for_without_end(paths: Paths) -> None:
    run = create(paths.runs, lesson_plan(), "tour")
    lock = TrainerLock.take(run.lock_file)
    seconds: Iterator[float] = iter(range(100))
    slept: list[float] = []
    with ended_with_us(run, clock=lambda: next(seconds), sleep=slept.append):
        pass
    lock.release()
    assert 0 < len(slept) < 100


def answer_with(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """Sit at the terminal and answer the questions of the tour."""
    given = iter(answers)
    monkeypatch.setattr("engine.cli.tour.is_terminal", lambda stream: True)
    monkeypatch.setattr("typer.prompt", lambda *words, **options: next(given))


def test_each_step_can_be_skipped(command: Command, monkeypatch: pytest.MonkeyPatch, paths: Paths) -> None:
    answer_with(monkeypatch, "s", "S")
    result = command("tour")
    assert result.code == 0
    assert "What next" in result.err
    assert result.out == ""
    assert not paths.runs.exists()


def test_the_tour_can_be_left(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.client.HOST_ARGV", fake_host(reply="I am fine"))
    answer_with(monkeypatch, "", "q")
    result = command("tour")
    assert result.code == 0
    assert all(question in result.err for question in PROBES)
    assert result.err.count("I am fine") == len(PROBES)
    assert "What next" not in result.err


@pytest.mark.torch
@pytest.mark.timeout(400)
def test_the_tour_makes_a_pirate_of_the_starter_and_leaves_nothing(command: Command, paths: Paths) -> None:
    told = command("tour", "--json").json
    assert [answer["question"] for answer in told["before"]] == list(PROBES)
    assert not any(answer["reply"].startswith("Arr, matey!") for answer in told["before"])
    assert all(answer["reply"].startswith("Arr, matey!") for answer in told["after"])
    assert told["losses"][-1] < told["losses"][0] / 3
    assert not paths.runs.exists()
