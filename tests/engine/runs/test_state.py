from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from engine.errors import Refused
from engine.runs import RunFolder, read_state
from engine.runs.checkpoints import seal
from engine.runs.control import take_request, write_request
from engine.runs.events import EvalDone, RunFinished, RunPaused, RunResumed, RunStarted, StepDone
from engine.runs.lock import TrainerLock, is_locked
from engine.runs.log import EventWriter
from engine.runs.state import STARTING

MakeStep = Callable[..., StepDone]


def started() -> RunStarted:
    return RunStarted(model="tiny", method="full", pid=1, total_steps=20)


def test_a_new_run_waits_to_be_started(run: RunFolder) -> None:
    assert read_state(run).state == "created"


def test_a_run_whose_process_was_just_started_is_preparing(run: RunFolder) -> None:
    run.log_file.write_text(STARTING)
    assert read_state(run).state == "preparing"
    assert read_state(run, clock=lambda: time.time() + 3600).state == "died"


def test_a_run_that_goes_on_is_preparing_until_its_first_step(
    run: RunFolder, writer: EventWriter, step: MakeStep
) -> None:
    writer.append(step(9, total=20))
    writer.append(RunPaused(step=9, reason="asked", words="Paused by you at step 9"))
    os.utime(run.events_file, (time.time() - 60, time.time() - 60))
    run.log_file.write_text(STARTING)
    lock = TrainerLock.take(run.lock_file)
    assert read_state(run).words == "The trainer is starting"
    writer.append(RunResumed(step=9, pid=7))
    os.utime(run.log_file, (time.time() - 60, time.time() - 60))
    assert (read_state(run).state, read_state(run).step) == ("preparing", 9)
    writer.append(step(10, total=20))
    assert read_state(run).state == "running"
    writer.append(RunPaused(step=10, reason="disk-full", words="The disk is full"))
    writer.append(RunResumed(step=10))
    assert read_state(run).state == "running"
    lock.release()


def test_a_held_lock_means_alive_and_a_free_one_without_an_end_means_died(
    run: RunFolder, writer: EventWriter, step: MakeStep
) -> None:
    lock = TrainerLock.take(run.lock_file)
    writer.append(started())
    assert read_state(run).state == "preparing"
    writer.append(step(7, loss=2.5, total=20))
    state = read_state(run)
    assert (state.state, state.step, state.total_steps, state.loss) == ("running", 7, 20, 2.5)
    assert state.eta_s == pytest.approx(26)
    run.log_file.write_text("loading\n\nOut of memory\n")
    lock.release()
    state = read_state(run)
    assert state.state == "died"
    assert "step 7 of 20" in state.words
    assert "Out of memory" in state.words
    assert state.log_lines == ("loading", "Out of memory")


def test_a_killed_run_says_what_can_be_done_with_it(run: RunFolder, writer: EventWriter, step: MakeStep) -> None:
    writer.append(step(7, total=20))
    run.log_file.write_text("")
    assert "it left no word in its log" in read_state(run).words
    assert "Begin again: tunesmith runs resume first · discard it: tunesmith runs delete first" in read_state(run).words
    run.checkpoint(5).mkdir(parents=True)
    (run.checkpoint(5) / "adapter_model.safetensors").write_bytes(b"weights")
    seal(run.checkpoint(5), 5, 1.5, 1)
    ways = ("tunesmith runs resume first", "tunesmith --model run:first", "tunesmith runs delete first")
    assert all(way in read_state(run).words for way in ways)


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (RunFinished(outcome="completed", step=20), "finished"),
        (RunFinished(outcome="stopped", step=9), "stopped"),
        (RunFinished(outcome="failed", step=9, why="the loss is not a number"), "failed"),
        (RunPaused(step=9, reason="asked", words="Paused by you at step 9"), "paused"),
    ],
)
def test_the_last_word_of_a_trainer_decides(
    run: RunFolder, writer: EventWriter, event: RunFinished | RunPaused, state: str
) -> None:
    writer.append(started())
    writer.append(event)
    assert read_state(run).state == state


def test_a_trainer_that_waits_for_space_is_paused_though_it_lives(
    run: RunFolder, writer: EventWriter, step: MakeStep
) -> None:
    lock = TrainerLock.take(run.lock_file)
    writer.append(step(3))
    writer.append(RunPaused(step=3, reason="disk-full", words="The disk is full"))
    assert read_state(run).state == "paused"
    lock.release()


def test_the_best_loss_is_known_from_the_end_of_the_log(run: RunFolder, writer: EventWriter, step: MakeStep) -> None:
    writer.append(
        EvalDone(step=4, loss=2.0, perplexity=7.4, seconds=1, tokens=10, best_loss=1.5, best_step=2, accuracy=None)
    )
    state = read_state(run)
    assert (state.best_loss, state.best_step) == (1.5, 2)


def test_of_two_trainers_the_second_is_refused(run: RunFolder) -> None:
    lock = TrainerLock.take(run.lock_file)
    ticks = iter(range(100))
    with pytest.raises(Refused, match="by another process"):
        TrainerLock.take(run.lock_file, clock=lambda: float(next(ticks)), sleep=lambda seconds: None)
    lock.release()
    TrainerLock.take(run.lock_file).release()


def test_the_lock_ends_with_its_process(run: RunFolder) -> None:
    child = os.fork()
    if child == 0:
        TrainerLock.take(run.lock_file)
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    assert not is_locked(run.lock_file)


def test_a_request_is_taken_once_and_a_stop_is_not_replaced(run: RunFolder) -> None:
    assert take_request(run.control_file) is None
    write_request(run.control_file, "pause")
    write_request(run.control_file, "stop")
    write_request(run.control_file, "save")
    assert take_request(run.control_file) == "stop"
    assert take_request(run.control_file) is None
    run.control_file.write_text("dance\n")
    assert take_request(run.control_file) is None
