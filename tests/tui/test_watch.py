"""Watching a run's directory."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.paths import Paths
from engine.runs.events import StepDone
from engine.runs.log import EventWriter
from tests.fakes.runs import FakeTrainer, step_done
from tui.arrivals import Arrivals, first_run
from tui.state.run import Look, RunView
from tui.watch import Eye, RunSeen, Watch, pause_s

DEADLINE_S = 20.0


@pytest.fixture
def trainer(paths: Paths) -> Iterator[FakeTrainer]:
    trainer = FakeTrainer(paths).work().begin().train(30)
    yield trainer
    trainer.close()


def seen(eye: Eye) -> Look:
    look = eye.look()
    assert look is not None
    return look


def test_the_first_look_has_the_past_the_plan_and_the_state(trainer: FakeTrainer) -> None:
    look = seen(Eye(trainer.run))
    assert look.history is not None
    assert len(look.history.recent) == 30
    assert look.plan is not None
    assert look.state is not None
    assert (look.state.state, look.locked) == ("running", True)
    assert look.checkpoints == ()


def test_later_looks_have_what_is_new_and_nothing_twice(trainer: FakeTrainer) -> None:
    eye = Eye(trainer.run)
    seen(eye)
    assert eye.look() is None
    trainer.train(3)
    look = seen(eye)
    assert [event.step for event in look.events if isinstance(event, StepDone)] == [31, 32, 33]
    assert look.history is None
    assert eye.look() is None


def test_a_line_that_is_being_written_waits_for_its_end(trainer: FakeTrainer) -> None:
    eye = Eye(trainer.run)
    seen(eye)
    with trainer.run.events_file.open("ab") as log:
        log.write(b'{"type":"Warned","title":"ha')
        log.flush()
        first = eye.look()
        assert first is None or not first.events
        log.write(b'lf"}\n')
    assert [type(event).__name__ for event in seen(eye).events] == ["Warned"]


def test_a_checkpoint_is_seen_when_it_is_whole(trainer: FakeTrainer) -> None:
    eye = Eye(trainer.run)
    seen(eye)
    trainer.save(30)
    look = seen(eye)
    assert look.checkpoints is not None
    assert [one.step for one in look.checkpoints] == [30]


def test_a_killed_trainer_is_seen_by_its_lock_alone(trainer: FakeTrainer) -> None:
    eye = Eye(trainer.run)
    seen(eye)
    trainer.die("Killed")
    look = seen(eye)
    assert look.state is not None
    assert (look.state.state, look.locked, look.state.log_lines) == ("died", False, ("Killed",))
    assert not look.events


def test_another_log_in_its_place_is_read_from_its_beginning(trainer: FakeTrainer) -> None:
    eye = Eye(trainer.run)
    seen(eye)
    trainer.run.events_file.rename(trainer.run.path / "old.jsonl")
    EventWriter(trainer.run.events_file).append(step_done(1))
    look = seen(eye)
    assert look.history is not None
    assert [step.step for step in look.history.recent] == [1]


def test_a_log_that_was_cut_is_read_from_its_beginning(trainer: FakeTrainer) -> None:
    eye = Eye(trainer.run)
    seen(eye)
    lines = trainer.run.events_file.read_bytes().splitlines(keepends=True)
    os.truncate(trainer.run.events_file, len(lines[0]))
    look = seen(eye)
    assert look.history is not None
    assert (look.history.recent, len(look.history.events)) == ((), 1)


def test_a_deleted_run_is_gone(trainer: FakeTrainer) -> None:
    eye = Eye(trainer.run)
    seen(eye)
    shutil.rmtree(trainer.run.path)
    assert seen(eye).gone


def test_a_run_without_a_log_can_be_seen(paths: Paths) -> None:
    trainer = FakeTrainer(paths, "new")
    trainer.run.events_file.unlink()
    look = seen(Eye(trainer.run))
    assert look.state is not None
    assert look.state.state == "created"


def test_nothing_is_read_while_nothing_changes(trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer.die()
    eye = Eye(trainer.run)
    seen(eye)
    opened: list[Path] = []
    real_open = Path.open

    def counted(self: Path, *arguments: object, **named: object) -> object:
        opened.append(self)
        return real_open(self, *arguments, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", counted)
    assert [eye.look() for _ in range(20)] == [None] * 20
    assert opened == []


class Screen:
    """Takes in what two or more watches see."""

    def __init__(self) -> None:
        self.messages: list[RunSeen] = []
        self.view: RunView | None = None

    def take(self, message: RunSeen) -> None:
        self.messages.append(message)
        if self.view is None and message.look.state is not None:
            self.view = RunView(name=message.run, state=message.look.state)
        if self.view is not None:
            self.view = self.view.see(message.look)
        message.taken()


async def until(condition: Callable[[], object]) -> None:
    deadline_s = asyncio.get_running_loop().time() + DEADLINE_S
    while not condition():
        assert asyncio.get_running_loop().time() < deadline_s
        await asyncio.sleep(0.005)


async def test_two_watch_at_once_and_see_the_same_without_a_gap(trainer: FakeTrainer) -> None:
    screens = Screen(), Screen()
    watches = [Watch(trainer.run, screen.take, look_every_s=0.005) for screen in screens]
    for watch in watches:
        watch.start()
    writer = threading.Thread(target=trainer.train, args=(470,))
    writer.start()
    await until(lambda: all(screen.view and screen.view.step == 500 for screen in screens))
    writer.join()
    trainer.finish()
    await until(lambda: all(screen.view and screen.view.state.state == "finished" for screen in screens))
    for watch in watches:
        watch.close()
    first, second = (screen.view for screen in screens)
    assert first is not None
    assert second is not None
    assert [step.step for step in first.recent] == list(range(1, 501))
    assert (first.curve, first.recent, first.evaluations) == (second.curve, second.recent, second.evaluations)


@pytest.mark.slow
async def test_a_screen_that_is_busy_gets_no_second_message(trainer: FakeTrainer) -> None:
    held: list[RunSeen] = []
    watch = Watch(trainer.run, held.append, look_every_s=0.001)
    watch.start()
    await until(lambda: held)
    trainer.train(100)
    watch.wake()
    for _ in range(50):
        await asyncio.sleep(0.001)
    assert len(held) == 1
    held[0].taken()
    await until(lambda: len(held) == 2)
    assert len([event for event in held[1].look.events if isinstance(event, StepDone)]) == 100
    watch.close()


@pytest.mark.parametrize(
    ("cost_s", "least_s", "expected_s"), [(0.0, 0.1, 0.1), (0.001, 0.1, 0.1), (0.006, 0.1, 0.5), (3.0, 0.1, 2.0)]
)
def test_the_pause_is_in_proportion_to_what_drawing_took(cost_s: float, least_s: float, expected_s: float) -> None:
    assert pause_s(cost_s, least_s) == pytest.approx(expected_s)


async def test_a_screen_that_draws_slowly_is_told_less_often(trainer: FakeTrainer) -> None:
    readings = iter(range(10**6))
    screen = Screen()
    watch = Watch(trainer.run, screen.take, look_every_s=0.001, processor_s=lambda: float(next(readings)))
    watch.start()
    await until(lambda: screen.messages)
    trainer.train(100)
    for _ in range(50):
        await asyncio.sleep(0.001)
    assert len(screen.messages) == 1
    watch.wake()
    await until(lambda: len(screen.messages) == 2)
    watch.close()


async def test_waking_looks_at_once(trainer: FakeTrainer) -> None:
    screen = Screen()
    watch = Watch(trainer.run, screen.take, look_every_s=600, idle_look_every_s=600)
    watch.start()
    await until(lambda: screen.messages)
    trainer.train(1)
    watch.wake()
    await until(lambda: screen.view and screen.view.step == 31)
    watch.close()


def test_the_run_that_is_alive_is_shown_first_then_the_remembered_then_the_newest(paths: Paths) -> None:
    assert first_run(paths.runs) is None
    old, newest = FakeTrainer(paths, "old"), FakeTrainer(paths, "newest")
    os.utime(old.run.plan_file, (1, 1))
    assert first_run(paths.runs) == newest.run
    assert first_run(paths.runs, "old") == old.run
    assert first_run(paths.runs, "deleted") == newest.run
    old.work()
    assert first_run(paths.runs, "newest") == old.run
    old.close()


def test_runs_that_begin_to_train_arrive_once(paths: Paths) -> None:
    arrivals = Arrivals(paths.runs)
    before = FakeTrainer(paths, "before").work()
    assert arrivals.look() == ()
    new = FakeTrainer(paths, "new").work()
    assert arrivals.look() == ("new",)
    assert arrivals.look() == ()
    new.close()
    assert arrivals.look() == ()
    new.work()
    assert arrivals.look() == ("new",)
    for trainer in (before, new):
        trainer.close()
