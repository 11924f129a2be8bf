"""A run from its plan to its result."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import torch

from engine.errors import Cancelled, TunesmithError
from engine.inference.runtime import import_libraries, is_out_of_memory
from engine.paths import Paths, find_paths
from engine.runs.checkpoints import sweep
from engine.runs.control import Request, write_request
from engine.runs.events import RunEvent, RunFinished, RunPaused, RunResumed, Warned
from engine.runs.folder import RunFolder
from engine.runs.log import EventWriter
from engine.runs.plan import Plan, check, read_plan
from engine.training.assembly import assemble
from engine.training.checkpoints import Progress, newest_whole, read_progress
from engine.training.machine import keep_memory, yield_to_others
from engine.training.preparation import Preparation
from engine.training.workshop import Workshop


def train(run: RunFolder) -> int:
    """Train a run, from its start or from its newest whole checkpoint, and write down what becomes of it.

    In a run of many processes this runs in each of them.

    Returns:
        0 where the run is over or paused, else an exit code.
    """
    rank = int(os.environ.get("RANK", "0"))
    _quiet()
    writer = EventWriter(run.events_file) if rank == 0 else None
    if rank == 0:
        _pause_on_signals(run)
    try:
        return _Session(run, read_plan(run.plan_file), find_paths(), writer).train()
    except BaseException as error:
        return _failed(writer, run, error)
    finally:
        if writer is not None:
            writer.close()
        if torch.distributed.is_initialized():
            with contextlib.suppress(Exception):
                torch.distributed.destroy_process_group()


class _Session:
    def __init__(self, run: RunFolder, plan: Plan, paths: Paths, writer: EventWriter | None) -> None:
        check(plan)
        if plan.polite:
            yield_to_others()
        keep_memory()
        self._run, self._plan, self._paths, self._writer = run, plan, paths, writer

    def train(self) -> int:
        """Everything, in order."""
        checkpoint = self._find_checkpoint()
        progress = read_progress(checkpoint) if checkpoint is not None else Progress()
        import_libraries()
        preparation = self._preparation(may_stop=checkpoint is None)
        shop = self._prepare(preparation, checkpoint, progress)
        if shop is None or preparation.is_ended():
            return self._end_before(progress.step, preparation.take_request())
        reporter, teacher = shop.reporter, shop.teacher
        teacher.train(resume_from_checkpoint=str(checkpoint) if checkpoint is not None else None)
        if self._writer is None:
            return 0
        if reporter.ending == "paused":
            step = reporter.progress.step
            reporter.paused(f"Paused at step {step:,} of {shop.total_steps:,}; its memory is free")
        else:
            self._finish(shop)
        return 0

    def _preparation(self, *, may_stop: bool) -> Preparation:
        is_alone = int(os.environ.get("WORLD_SIZE", "1")) == 1
        return Preparation(self._run, self._tell, listens=is_alone, may_stop=may_stop)

    def _prepare(self, preparation: Preparation, checkpoint: Path | None, progress: Progress) -> Workshop | None:
        """All that comes before the first step; None where somebody has ended it."""
        try:
            shop = assemble(
                self._run,
                self._plan,
                self._paths,
                checkpoint=checkpoint,
                progress=progress,
                writer=self._writer,
                preparation=preparation,
            )
        except Cancelled:
            return None
        if checkpoint is None and not preparation.is_ended():
            shop.begin()
        return shop

    def _end_before(self, step: int, request: Request | None) -> int:
        """End without having trained."""
        if request == "stop":
            self._tell(RunFinished(outcome="stopped", step=step))
        else:
            where = f"at step {step:,}" if step else "before its first step"
            self._tell(RunPaused(step=step, reason="asked", words=f"Paused {where}; its memory is free"))
        return 0

    def _tell(self, event: RunEvent) -> None:
        if self._writer is not None:
            self._writer.append(event)

    def _find_checkpoint(self) -> Path | None:
        """The checkpoint to go on from; None begins at the beginning."""

        def warn(title: str, hint: str) -> None:
            self._tell(Warned(title=title, hint=hint))

        if self._writer is not None:
            sweep(self._run)
        began_before = self._run.events_file.exists() and self._run.events_file.stat().st_size > 0
        checkpoint = newest_whole(self._run, warn)
        if self._writer is not None and (checkpoint is not None or began_before):
            step = read_progress(checkpoint).step if checkpoint is not None else 0
            self._tell(RunResumed(step=step, pid=os.getpid()))
        return checkpoint

    def _finish(self, shop: Workshop) -> None:
        reporter = shop.reporter
        shop.write_result()
        reporter.tell(
            RunFinished(
                outcome="completed" if reporter.ending == "completed" else "stopped",
                step=reporter.progress.step,
                seconds=reporter.progress.seconds,
            )
        )
        if reporter.ending == "completed":
            import shutil

            shutil.rmtree(self._run.data, ignore_errors=True)


def _failed(writer: EventWriter | None, run: RunFolder, error: BaseException) -> int:
    """Write down in words what went wrong; the traceback goes to the log."""
    traceback.print_exception(error, file=sys.stderr)
    why, hint, code = _words(error, run)
    sys.stderr.write(f"{why}\n")
    if writer is not None:
        steps = [0]
        with contextlib.suppress(Exception):
            from engine.runs.state import read_state

            steps.append(read_state(run).step)
        writer.append(RunFinished(outcome="failed", step=steps[-1], why=why, hint=hint))
    return code


def _words(error: BaseException, run: RunFolder) -> tuple[str, str, int]:
    if isinstance(error, TunesmithError):
        return error.title, error.hint, error.exit_code
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "The trainer was interrupted", f"Go on: tunesmith runs resume {run.name}", 130
    if is_out_of_memory(error):
        return "The memory ran out", "Try --method lora, shorter rows (--max-length) or fewer --batch-tokens", 1
    lines = str(error).strip().splitlines()
    said = lines[0][:300] if lines else ""
    return f"{type(error).__name__}: {said}".rstrip(": "), f"The details are in {run.log_file}", 1


def _pause_on_signals(run: RunFolder) -> None:
    """A machine that shuts down says so first: that is the moment to save."""

    def ask(number: int, frame: Any) -> None:
        del number, frame
        with contextlib.suppress(OSError):
            write_request(run.control_file, "pause")

    for name in ("SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), ask)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _quiet() -> None:
    """Keep the log to what matters."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", module="peft")  # advice for who calls it, on each call
