"""A trainer that works as fast as it can while something else is measured."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.neighbours import processor_s
from engine.corpus.spec import DataSpec
from engine.paths import find_paths
from engine.runs import Plan, RunFolder, create, read_state, start
from engine.runs.lock import is_locked

_FIRST_STEPS = 3
_STEPS = 1_000_000
_WAIT_S = 300.0
_END_S = 30.0
_LOOK_EVERY_S = 0.1
_LAST_WORDS = 800


class FlatOut:
    """The trainer, and what it has done since somebody began to count."""

    def __init__(self, run: RunFolder, pid: int) -> None:
        self._run, self._pid = run, pid
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._began_s, self._taken_s = time.monotonic(), processor_s(self._pid)

    def cores(self) -> float:
        """How many it took in the mean since then."""
        return (processor_s(self._pid) - self._taken_s) / (time.monotonic() - self._began_s)


@contextlib.contextmanager
def training_flat_out(home: Path, model: str) -> Iterator[FlatOut]:
    """Train all weights of a model on the lesson that ships with the program, as `tunesmith tune` would.

    It is killed in the end, and what it did stays in the folder.

    Args:
        home: As TUNESMITH_HOME.
        model: A reference.

    Raises:
        TimeoutError: It does not come to its first steps.
        RuntimeError: It ended before them.
    """
    environment = os.environ | {"TUNESMITH_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    plan = Plan(model=model, data=DataSpec(source="lesson"), method="full", max_steps=_STEPS, schedule="constant")
    run = create(find_paths(environment).runs, plan)
    pid = start(run, environ=environment)
    try:
        _wait_until(lambda: _has_begun(run), _WAIT_S, f"a trainer of {model} to begin")
        yield FlatOut(run, pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _wait_until(lambda: not is_locked(run.lock_file), _END_S, "the trainer's end")


def _has_begun(run: RunFolder) -> bool:
    if not is_locked(run.lock_file):
        words = run.log_file.read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"The trainer ended: {words[-_LAST_WORDS:]}")
    return read_state(run).step >= _FIRST_STEPS


def _wait_until(holds: Callable[[], bool], timeout_s: float, what: str) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"waited {timeout_s:g} s for {what}")
        time.sleep(_LOOK_EVERY_S)
