"""`tunesmith doctor --full`: what is wrong on a machine is told in words, and nothing stays."""

from __future__ import annotations

import errno
import os
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from engine.cli.checks import Check
from engine.cli.checks.whole import GROUP, Patience, self_test
from engine.errors import Failed
from engine.paths import Paths, find_paths
from engine.runs import RunFolder
from tests.engine.cli.conftest import Command
from tests.fakes.host import fake_host
from tests.fakes.runs import FakeTrainer, step_done

Usage = namedtuple("Usage", "total used free")
ROOM = Usage(10**12, 0, 10**12)


class Lesson:
    """A trainer that does at once what it is told to do."""

    def __init__(self) -> None:
        self.losses = (6.0, 0.3)
        self.then: Callable[[FakeTrainer], object] = FakeTrainer.finish
        self.trainer: FakeTrainer | None = None

    def __call__(self, run: RunFolder, *, environ: Mapping[str, str]) -> int:
        self.trainer = FakeTrainer(find_paths(environ), run.name, total=2).work().begin()
        for step, loss in enumerate(self.losses, 1):
            self.trainer.tell(step_done(step, total=2, loss=loss))
        self.then(self.trainer)
        return 4711


@pytest.fixture
def lesson(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lesson]:
    lesson = Lesson()
    monkeypatch.setattr("engine.cli.checks.whole.start", lesson)
    monkeypatch.setattr("engine.client.HOST_ARGV", fake_host())
    monkeypatch.setattr("shutil.disk_usage", lambda _: ROOM)
    yield lesson
    if lesson.trainer is not None:
        lesson.trainer.close()


def look(paths: Paths, patience: Patience | None = None) -> dict[str, Check]:
    return {check.name: check for check in self_test(paths, os.environ, patience)}


def broken(found: Mapping[str, Check]) -> Check:
    """The one check that is broken; it is the last, as nothing is tried after it."""
    *others, last = found.values()
    assert last.state == "broken"
    assert "broken" not in [check.state for check in others]
    assert last.hint
    return last


def test_a_model_that_answers_as_before_has_learned_nothing(paths: Paths, lesson: Lesson) -> None:
    found = look(paths)
    assert [found[name].state for name in ("starter", "folder", "training", "saving")] == ["ok"] * 4
    assert broken(found).found == "The result answers as before the lesson"
    assert not paths.data.exists()


def test_a_loss_that_does_not_fall_is_no_arithmetic(paths: Paths, lesson: Lesson) -> None:
    lesson.losses = (6.0, 5.9)
    assert "loss 6.00 to 5.90" in broken(look(paths)).found


def test_an_installation_without_the_starter_is_broken(
    paths: Paths, lesson: Lesson, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr("engine.starter.FOLDER", tmp_path)
    check = broken(look(paths))
    assert "model.safetensors, tokenizer.json, tokenizer_config.json missing" in check.found
    assert "Install Tunesmith again" in check.hint


def test_a_folder_that_can_not_be_made_is_named(paths: Paths, lesson: Lesson) -> None:
    paths.data.parent.mkdir(parents=True)
    paths.data.write_text("a file where the folder should be")
    check = broken(look(paths))
    assert str(paths.data) in check.found
    assert "TUNESMITH_HOME" in check.hint


def test_a_folder_that_can_not_be_written_is_named(
    paths: Paths, lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    assert "Permission denied" in broken(look(paths)).found
    assert not paths.data.exists()


def test_a_disk_without_room_is_told_before_anything_is_tried(
    paths: Paths, lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**9, 10**9, 12_000_000))
    check = broken(look(paths))
    assert check.found.startswith("12 MB are free")
    assert "TUNESMITH_HOME" in check.hint
    assert not paths.data.exists()
    assert lesson.trainer is None


def test_a_host_that_dies_is_told_with_its_last_words(
    paths: Paths, lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    argv = fake_host(die_on_load=True, exit_code=1)
    monkeypatch.setattr("engine.client.HOST_ARGV", argv)
    check = broken(look(paths))
    assert check.name == "starter loads"
    assert "ended by itself with exit code 1" in check.found
    assert "Its last line in the log: error: the fake host was told to die" in check.hint


@pytest.mark.slow
def test_a_host_that_does_not_answer_is_not_waited_for_without_end(
    paths: Paths, lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.client.HOST_ARGV", fake_host(load_delay_s=600))
    assert "did not answer within" in broken(look(paths, Patience(replies_s=0.5))).found


@pytest.mark.slow
def test_a_slow_machine_is_told_so(paths: Paths, lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.client.HOST_ARGV", fake_host(reply="one two three", token_delay_s=0.05))
    seconds = iter(range(0, 10**6, 100))
    found = look(paths, Patience(clock=lambda: next(seconds)))
    assert found["starter replies"].state == "warning"
    assert found["starter replies"].found.endswith("slow")
    assert "Other programs" in found["starter replies"].hint


def test_a_trainer_that_fails_is_told_in_its_words(paths: Paths, lesson: Lesson) -> None:
    lesson.then = lambda trainer: trainer.fail("The disk is full", "Free some space")
    check = broken(look(paths))
    assert "The disk is full" in check.found


def test_a_trainer_that_does_not_come_to_an_end_is_stopped(paths: Paths, lesson: Lesson) -> None:
    lesson.then = lambda trainer: None
    seconds = iter(range(10**6))

    def sleep(_: float) -> None:
        if lesson.trainer is not None and lesson.trainer.run.control_file.exists():
            lesson.trainer.close()

    found = look(paths, Patience(lesson_s=20, clock=lambda: next(seconds), sleep=sleep))
    assert broken(found).found.startswith("The lesson was not over after 20 s")
    assert lesson.trainer is not None
    assert not lesson.trainer.run.path.exists()


def test_a_trainer_that_does_not_start_is_told(paths: Paths, lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(run: RunFolder, *, environ: Mapping[str, str]) -> int:
        raise Failed("The trainer ended at once: ImportError: no peft", "Its log is there")

    monkeypatch.setattr("engine.cli.checks.whole.start", refuse)
    assert "no peft" in broken(look(paths)).found


@pytest.mark.slow
def test_what_is_broken_ends_the_command_with_1(
    command: Command, lesson: Lesson, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.cli.doctor.examine", lambda *_: ())
    result = command("doctor", "--full")
    assert result.code == 1
    assert "✗ difference" in result.out
    assert "Broken: 1" in result.err
    report = command("doctor", "--full", "--json").json
    assert report["ok"] is False
    assert {check["group"] for check in report["checks"]} == {GROUP}


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_this_machine_is_sound_and_nothing_stays(command: Command, paths: Paths) -> None:
    report = command("doctor", "--full", "--json").json
    (reading,) = [check["found"] for check in report["checks"] if check["name"] == "starter read"]
    assert "by transformers, as it is the first time" in reading
    found = {check["name"]: check for check in report["checks"] if check["group"] == GROUP}
    assert [name for name, check in found.items() if check["state"] == "broken"] == []
    assert list(found) == [
        "starter", "folder", "starter loads", "starter replies",
        "training", "saving", "result loads", "result replies", "difference",
    ]  # fmt: skip
    assert "rr, matey!" in found["difference"]["found"]
    assert not paths.data.exists()
