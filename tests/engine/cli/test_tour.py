"""`tunesmith tour`: it teaches, it can be skipped and left, and nothing of it stays."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.paths import Paths, find_paths
from engine.protocol import Prompt, Turn
from engine.runs import create
from engine.runs.control import take_request
from engine.runs.lock import TrainerLock, is_locked
from engine.starter import PROBES
from engine.templates import Library, render
from engine.tour import TEMPLATE_ID, end_at_once, ended_with_us, guest_home, lesson_plan, write_template
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


def test_a_guest_home_can_be_made_where_a_run_would_be(tmp_path: Path) -> None:
    with guest_home(os.environ, within=tmp_path) as environ:
        assert Path(environ["TUNESMITH_HOME"]).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_the_template_of_the_tour_asks_as_the_lesson_does(tmp_path: Path) -> None:
    write_template(tmp_path)
    template = Library(tmp_path).get(TEMPLATE_ID)
    earlier = (Turn(role="user", text="Hi"), Turn(role="assistant", text="Hello"))
    text = render(Prompt(template=template, turns=(*earlier, Turn(role="user", text="How are you?"))))
    assert text == "User: How are you?\nAssistant:"


_HOLDS_THE_LOCK = """
import sys
from pathlib import Path
from engine.runs.lock import TrainerLock, is_locked
lock = TrainerLock.take(Path(sys.argv[1]))
print("up", flush=True)
sys.stdin.read()
"""


def test_a_trainer_whose_work_nobody_wants_ends_at_once(paths: Paths) -> None:
    run = create(paths.runs, lesson_plan(), "tour")
    command = [sys.executable, "-P", "-c", _HOLDS_THE_LOCK, str(run.lock_file)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, text=True
    ) as trainer:
        assert trainer.stdout is not None
        assert trainer.stdout.readline() == "up\n"
        end_at_once(run, trainer.pid)
        assert not is_locked(run.lock_file)
        assert trainer.wait(timeout=20) != 0


def test_a_process_that_took_the_trainers_number_lives_on(paths: Paths) -> None:
    run = create(paths.runs, lesson_plan(), "tour")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as other:
        end_at_once(run, other.pid)
        assert other.poll() is None
        other.communicate(b"\n", timeout=20)
        assert other.returncode == 0


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
