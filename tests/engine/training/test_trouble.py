"""What goes wrong around a run: a full disk, a second trainer, data that is gone, a launcher of many processes."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.errors import Failed, Refused
from engine.paths import Paths
from engine.runs import Plan, RunFolder, ask, list_checkpoints, read_state, start
from engine.runs.events import CheckpointSaved, RunFinished, RunPaused, RunResumed, StepDone
from engine.runs.lock import is_locked
from tests.engine.training.conftest import Nursery, kinds, only

pytestmark = pytest.mark.torch
MakePlan = Callable[..., Plan]


def monkey(module: Any, **changes: Any) -> None:
    """Replace names of a module, in a child that nobody needs afterwards."""
    for name, value in changes.items():
        setattr(module, name, value)


def fill_disk(writes_that_fail: int) -> Callable[[], None]:
    """Let so many saves fail for want of space, in a child."""

    def prepare() -> None:
        from engine.training import checkpoints, trainer

        real, left, free = checkpoints.write_shared, [writes_that_fail], [1000]

        def write(folder: Path, snapshot: Any) -> None:
            if left[0] and ".preflight" not in str(folder):
                left[0] -= 1
                (folder / "half.safetensors").write_bytes(b"half")
                raise RuntimeError("writing failed") from OSError(errno.ENOSPC, "No space left on device")
            real(folder, snapshot)

        def free_bytes(folder: Path) -> int:
            free[0] += 10_000_000
            return free[0]

        monkey(checkpoints, write_shared=write)
        monkey(trainer, free_bytes=free_bytes, _LOOK_AGAIN_S=0.01)

    return prepare


def test_a_full_disk_pauses_the_run_and_does_not_kill_it(nursery: Nursery, make_plan: MakePlan) -> None:
    calm = nursery.create(make_plan(), "calm")
    nursery.train(calm)
    run = nursery.create(make_plan(), "tight")
    child = nursery.start(run, fill_disk(3))
    assert nursery.finish(child) == 0
    events = nursery.events(run)
    (paused,) = only(events, RunPaused)
    assert paused.reason == "disk-full"
    assert "disk is full" in paused.words
    assert len(only(events, RunResumed)) == 1
    assert isinstance(events[-1], RunFinished)
    assert (run.final / "model.safetensors").read_bytes() == (calm.final / "model.safetensors").read_bytes()


@pytest.fixture
def small_disk(paths: Paths) -> Iterator[Path]:
    """A real disk of a few megabytes under the folder of runs."""
    paths.runs.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", paths.runs], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be made here: {mounted.stderr.strip()}")
    yield paths.runs
    subprocess.run(["umount", "--lazy", paths.runs], check=True)


def test_a_real_disk_that_is_full_pauses_the_run_until_there_is_room(
    small_disk: Path, nursery: Nursery, make_plan: MakePlan
) -> None:
    run = nursery.create(make_plan(max_steps=24, preflight=False, keep_last=2, keep_best=0))
    child = nursery.start(run)
    nursery.wait_for(run, child, lambda events: bool(only(events, CheckpointSaved)))
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(64 * 1024))
    os.truncate(ballast, ballast.stat().st_size - 64 * 1024)  # room for a few lines of the log
    nursery.wait_for(run, child, lambda events: bool(only(events, RunPaused)))
    assert read_state(run).state == "paused"
    assert only(nursery.events(run), RunPaused)[0].reason == "disk-full"
    ballast.unlink()
    assert nursery.finish(child) == 0
    events = nursery.events(run)
    assert len(only(events, RunResumed)) == 1
    assert isinstance(events[-1], RunFinished)
    assert [one.step for one in only(events, StepDone)] == list(range(1, 25))


def test_a_run_that_waits_for_space_can_be_stopped(nursery: Nursery, make_plan: MakePlan) -> None:
    run = nursery.create(make_plan())

    def prepare() -> None:
        fill_disk(10**9)()
        from engine.training import trainer

        monkey(trainer, free_bytes=lambda folder: 1000)

    child = nursery.start(run, prepare)
    nursery.wait_for(run, child, lambda events: bool(only(events, RunPaused)))
    assert read_state(run).state == "paused"
    assert not list_checkpoints(run)
    ask(run, "pause")
    assert nursery.finish(child) == 0
    assert [one.reason for one in only(nursery.events(run), RunPaused)] == ["disk-full", "asked"]
    nursery.train(run)  # there is room again
    assert read_state(run).state == "finished"


def test_what_can_not_fit_is_refused_before_it_is_tried(nursery: Nursery, make_plan: MakePlan) -> None:
    def little_memory() -> None:
        from engine.training import preflight

        monkey(preflight, free_memory_bytes=lambda device: 1000)

    def little_disk() -> None:
        from engine.training import preflight

        monkey(preflight, free_bytes=lambda folder: 100_000)

    for prepare, words, hint in ((little_memory, "of memory", "--method lora"), (little_disk, "disk", "--method lora")):
        run = nursery.create(make_plan())
        assert nursery.finish(nursery.start(run, prepare)) == 1
        last = nursery.events(run)[-1]
        assert isinstance(last, RunFinished)
        assert words in last.why
        assert hint in last.hint
        assert not only(nursery.events(run), StepDone)


def test_a_second_trainer_is_refused_and_the_first_goes_on(nursery: Nursery, make_plan: MakePlan) -> None:
    run = nursery.create(make_plan(max_steps=300, evaluate_every=300, preflight=False))
    child = nursery.start(run)
    nursery.wait_for(run, child, lambda events: bool(only(events, StepDone)))
    with pytest.raises(Refused, match="already"):
        start(run)
    before = len(only(nursery.events(run), StepDone))
    nursery.wait_for(run, child, lambda events: len(only(events, StepDone)) > before)
    nursery.kill(child)
    assert read_state(run).state == "died"


def test_data_that_is_gone_does_not_matter_to_a_run_that_has_read_it(
    nursery: Nursery, make_plan: MakePlan, rows: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(rows.read_bytes())
    plan = make_plan(max_steps=20, evaluate_every=5, preflight=False)
    plan = msgspec.structs.replace(plan, data=msgspec.structs.replace(plan.data, source=str(copy)))
    calm, run = nursery.create(plan, "calm"), nursery.create(plan, "orphan")
    nursery.train(calm)
    child = nursery.start(run)
    nursery.wait_for(run, child, lambda events: len(only(events, StepDone)) >= 7)
    nursery.kill(child)
    copy.unlink()
    nursery.train(run)
    assert (run.final / "model.safetensors").read_bytes() == (calm.final / "model.safetensors").read_bytes()
    new = nursery.create(plan, "late")
    assert nursery.finish(nursery.start(new)) != 0
    last = nursery.events(new)[-1]
    assert isinstance(last, RunFinished)
    assert "copy.jsonl" in last.why


def wait_until(run: RunFolder, done: Callable[[], bool], timeout_s: float = 100) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, run.log_file.read_text()[-3000:]
        time.sleep(0.05)


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "TUNESMITH_HOME": str(home / "tunesmith")}


@pytest.mark.timeout(240)
def test_a_detached_trainer_in_a_session_of_its_own_says_how_it_died(
    nursery: Nursery, make_plan: MakePlan, home: Path
) -> None:
    run = nursery.create(make_plan(max_steps=100_000, evaluate_every=100_000, preflight=False))
    pid = start(run, environ=environment(home))
    assert os.getsid(pid) == pid
    assert is_locked(run.lock_file)
    wait_until(run, lambda: bool(only(nursery.events(run), StepDone)) or not is_locked(run.lock_file))
    os.kill(pid, 9)
    wait_until(run, lambda: not is_locked(run.lock_file))
    state = read_state(run)
    assert state.state == "died"
    assert f"at step {state.step:,} of 100,000" in state.words
    assert "runs resume" in state.words


def test_a_trainer_that_cannot_begin_is_told_at_once(nursery: Nursery, make_plan: MakePlan) -> None:
    import sys

    run = nursery.create(make_plan())
    broken = [sys.executable, "-c", "raise SystemExit('no such module torch')"]
    with pytest.raises(Failed, match="no such module torch"):
        start(run, argv=broken)
    assert read_state(run).state == "died"


@pytest.mark.timeout(400)
def test_two_processes_learn_as_one_with_twice_the_batch(nursery: Nursery, make_plan: MakePlan, home: Path) -> None:
    common = {"max_steps": 6, "evaluate_every": 3, "preflight": False, "method": "full"}
    one = nursery.create(make_plan("llama", **common, batch_tokens=512), "one")
    nursery.train(one)
    two = nursery.create(make_plan("llama", **common, batch_tokens=256, launcher="torchrun --nproc-per-node 2"), "two")
    start(two, environ=environment(home))
    wait_until(two, lambda: not is_locked(two.lock_file), 300)
    events = nursery.events(two)
    assert kinds(events)[-1] == "RunFinished", two.log_file.read_text()[-3000:]
    losses = [[step.loss for step in only(nursery.events(run), StepDone)] for run in (one, two)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    tokens = [[step.tokens for step in only(nursery.events(run), StepDone)] for run in (one, two)]
    assert tokens[0] == tokens[1]
