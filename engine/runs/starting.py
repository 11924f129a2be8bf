"""Start a trainer that outlives whoever started it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engine.errors import Failed, Misuse, Refused
from engine.runs.control import clear_request
from engine.runs.folder import RunFolder
from engine.runs.lock import is_locked
from engine.runs.plan import read_plan
from engine.runs.state import STARTING, log_tail, read_state

# Threads that wait for one another must not spin: beside other work a spinning trainer gets next to nothing done.
_QUIET_THREADS = {"TOKENIZERS_PARALLELISM": "false", "OMP_WAIT_POLICY": "PASSIVE"}
_UP_TIMEOUT_S = 30.0
_LAUNCHERS = {"torchrun": "torch.distributed.run", "accelerate": "accelerate.commands.accelerate_cli"}
"""The modules behind the programs, which are there also where an environment has put no program beside its Python."""


def trainer_argv(run: RunFolder, launcher: str = "") -> list[str]:
    """The command that trains a run.

    Args:
        run: The run.
        launcher: Such as `torchrun --nproc-per-node 2`; empty starts one process.

    Raises:
        Misuse: The launcher can't be understood or is not installed.
    """
    return [*(launcher_argv(launcher) or (sys.executable, "-P")), "-m", "engine.training", str(run.path)]


def launcher_argv(launcher: str) -> list[str]:
    """The command of a launcher; empty for none.

    Raises:
        Misuse: It can't be understood or is not installed.
    """
    if not launcher.strip():
        return []
    try:
        first, *rest = shlex.split(launcher)
    except ValueError as error:
        raise Misuse(f"The launcher can't be understood: {error}", "Such as: torchrun --nproc-per-node 2") from error
    beside = Path(sys.executable).with_name(first)
    program = str(beside) if beside.is_file() else shutil.which(first)
    if program is None and first in _LAUNCHERS:
        return [sys.executable, "-P", "-m", _LAUNCHERS[first], *rest]
    if program is None:
        raise Misuse(f"There is no program {first}", "torchrun and accelerate come with Tunesmith")
    return [program, *rest]


def start(
    run: RunFolder,
    *,
    argv: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Start the trainer of a run, fresh or to go on, detached from this terminal; returns when it holds the lock.

    Args:
        run: The run.
        argv: The command; empty is the real one.
        environ: The trainer's environment.
        clock: Seconds that only go forward.
        sleep: Waits between two looks.

    Returns:
        The process id.

    Raises:
        Refused: The run is being trained, or is over.
        Failed: The process could not be started or ended at once.
    """
    if is_locked(run.lock_file):
        raise Refused(f"{run.name} is being trained already", f"Watch it: tunesmith runs follow {run.name}")
    if read_state(run).state == "finished":
        raise Refused(f"{run.name} is finished", "Start a new run with its plan and a change")
    command = list(argv) or trainer_argv(run, read_plan(run.plan_file).launcher)
    clear_request(run.control_file)
    try:
        with run.log_file.open("ab") as log:
            log.write(STARTING.encode())
            log.flush()
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=run.path,
                env={**environ, "PYTHONSAFEPATH": "1", **_QUIET_THREADS},
            )
    except OSError as error:
        raise Failed(
            f"The trainer could not be started: {error.strerror or error}", "See the log of the run"
        ) from error
    # Takes its exit code when it comes, so that nothing is left of it while this program lives on.
    threading.Thread(target=process.wait, daemon=True).start()
    deadline = clock() + _UP_TIMEOUT_S
    while not is_locked(run.lock_file):
        if process.poll() is not None:
            if read_state(run).state in ("finished", "stopped", "paused"):
                break  # it was that quick
            lines = log_tail(run)
            raise Failed(f"The trainer ended at once{': ' + lines[-1] if lines else ''}", f"Its log is {run.log_file}")
        if clock() > deadline:
            raise Failed("The trainer does not come up", f"Its log is {run.log_file}")
        sleep(0.02)
    return process.pid
