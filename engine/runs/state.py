"""What became of a run, from the end of its log and from whether its lock is held."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

from engine.figures import human_duration, plural
from engine.protocol import Frozen
from engine.runs.arrival import arriving_words
from engine.runs.checkpoints import list_checkpoints
from engine.runs.events import (
    AnyRunEvent,
    DataReady,
    EvalDone,
    Fetched,
    RowsRead,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    StepDone,
    UnknownRunEvent,
    Warned,
)
from engine.runs.folder import RunFolder
from engine.runs.lock import is_locked
from engine.runs.log import last_events

State = Literal["created", "preparing", "running", "paused", "finished", "stopped", "failed", "died"]
STARTING = "tunesmith: starting the trainer\n"
"""The first line of the log of a process that was just started."""
_STARTING_S = 60.0
_LOG_TAIL_BYTES = 8192
_LOG_LINES = 12


class RunState(Frozen, frozen=True, kw_only=True):
    """How a run stands."""

    state: State
    words: str
    """The same as a sentence, with what can be done where something can."""
    step: int = 0
    total_steps: int = 0
    """0 where it is not known yet."""
    epoch: float = 0.0
    loss: float | None = None
    """Of the last step."""
    best_loss: float | None = None
    """Held out."""
    best_step: int = 0
    eta_s: float | None = None
    log_lines: tuple[str, ...] = ()
    """The end of the trainer's log, where the run died or failed. From outside: make it visible before showing it."""

    @property
    def alive(self) -> bool:
        """Whether a trainer is at it."""
        return self.state in ("preparing", "running")


def read_state(run: RunFolder, *, clock: Callable[[], float] = time.time) -> RunState:
    """Find out how a run stands; costs the same however long it is."""
    alive = is_locked(run.lock_file)
    events = last_events(run.events_file)
    if alive:
        # It may have ended between the two looks: what it wrote last is then in a second reading.
        alive_still = is_locked(run.lock_file)
        events, alive = (events, True) if alive_still else (last_events(run.events_file), False)
    return describe(run, events, alive, clock)


def describe(
    run: RunFolder, events: tuple[AnyRunEvent | UnknownRunEvent, ...], alive: bool, clock: Callable[[], float]
) -> RunState:
    """Derive the state from the last events and the lock."""
    lifecycle = next(
        (one for one in reversed(events) if isinstance(one, RunStarted | RunPaused | RunResumed | RunFinished)), None
    )
    facts = _facts(events)
    step, total = facts.step, facts.total_steps
    if alive and _just_started(run, clock):
        return _with(facts, "preparing", "The trainer is starting")
    if alive:
        return _alive(events, lifecycle, facts)
    if isinstance(lifecycle, RunFinished):
        return _finished(run, lifecycle, facts)
    if _just_started(run, clock):
        return _with(facts, "preparing", "The trainer is starting")
    if isinstance(lifecycle, RunPaused):
        return _with(facts, "paused", f"{lifecycle.words}. Go on: tunesmith runs resume {run.name}")
    if not events and not run.log_file.exists():
        return _with(facts, "created", f"Not started yet. Start it: tunesmith runs resume {run.name}")
    lines = log_tail(run)
    at = f"at step {step:,}" + (f" of {total:,}" if total else "") if step else "before its first step"
    why = f": {lines[-1]}" if lines else ""
    if not lines:
        why = ": it left no word in its log, as where it is killed or the memory runs out"
    return _with(facts, "died", f"The trainer died {at}{why}. {_ways_on(run, step)}", lines)


def _ways_on(run: RunFolder, step: int) -> str:
    """What can be done with a run whose trainer died."""
    if not step or not list_checkpoints(run):
        return f"Begin again: tunesmith runs resume {run.name} · discard it: tunesmith runs delete {run.name}"
    return (
        f"Go on from the last checkpoint: tunesmith runs resume {run.name} · "
        f"talk to it: tunesmith --model run:{run.name} · discard it: tunesmith runs delete {run.name}"
    )


def _alive(
    events: tuple[AnyRunEvent | UnknownRunEvent, ...], lifecycle: AnyRunEvent | None, facts: RunState
) -> RunState:
    if isinstance(lifecycle, RunPaused) and lifecycle.reason == "disk-full":
        return _with(facts, "paused", lifecycle.words)
    if facts.step == 0 or _is_preparing(events):
        arriving = next((one for one in reversed(events) if not isinstance(one, Warned)), None)
        words = "The trainer is reading the model and the data"
        return _with(
            facts, "preparing", arriving_words(arriving) if isinstance(arriving, Fetched | RowsRead) else words
        )
    total = f" of {facts.total_steps:,}" if facts.total_steps else ""
    return _with(facts, "running", f"Running, step {facts.step:,}{total}")


def _is_preparing(events: tuple[AnyRunEvent | UnknownRunEvent, ...]) -> bool:
    """Whether a trainer that goes on has not come to its first step yet."""
    for event in reversed(events):
        if isinstance(event, StepDone | EvalDone):
            return False
        if isinstance(event, RunResumed):
            return event.pid > 0  # behind a full disk it is the same process, which is ready
    return False


def _finished(run: RunFolder, end: RunFinished, facts: RunState) -> RunState:
    after = f"after {plural(end.step, 'step')}"
    after += f" and {human_duration(end.seconds)} of training" if end.seconds else ""
    talk = f"Talk to it: tunesmith --model run:{run.name}"
    if end.outcome == "stopped" and not end.step:
        return _with(
            facts, "stopped", f"Stopped by you before its first step. Begin again: tunesmith runs resume {run.name}"
        )
    if end.outcome == "completed":
        return _with(facts, "finished", f"Finished {after}. {talk}")
    if end.outcome == "stopped":
        return _with(facts, "stopped", f"Stopped by you {after}; the work is kept. {talk}")
    hint = f". {end.hint}" if end.hint else ""
    at = f"at step {end.step:,}" if end.step else "before the first step"
    return _with(facts, "failed", f"Failed {at}: {end.why}{hint}", log_tail(run))


def log_tail(run: RunFolder, lines: int = _LOG_LINES) -> tuple[str, ...]:
    """The last lines of the trainer's log, blank ones left out."""
    try:
        with run.log_file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _LOG_TAIL_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ()
    found = [line.rstrip() for line in text.splitlines() if line.strip() and line + "\n" != STARTING]
    return tuple(found[-lines:])


def without_frames(lines: Sequence[str]) -> tuple[str, ...]:
    """Lines of a log without the frames of a traceback, of which the last line says it all."""
    told = tuple(line for line in lines if line.strip() and not line.startswith(("Traceback (", " ", "\t")))
    return told or tuple(lines)


def _facts(events: tuple[AnyRunEvent | UnknownRunEvent, ...]) -> RunState:
    step, total, epoch = 0, 0, 0.0
    loss = best_loss = eta = None
    best_step = 0
    for event in events:
        match event:
            case RunStarted():
                total = event.total_steps or total
            case StepDone():
                step, epoch, loss, total = event.step, event.epoch, event.loss, event.total_steps or total
                eta = max(0, total - step) * event.seconds if total else None
            case EvalDone():
                best_loss, best_step, step = event.best_loss, event.best_step, max(step, event.step)
            case RunResumed() | RunPaused() | RunFinished():
                step = event.step
            case DataReady():
                pass
    return RunState(
        state="created",
        words="",
        step=step,
        total_steps=total,
        epoch=epoch,
        loss=loss,
        best_loss=best_loss,
        best_step=best_step,
        eta_s=eta,
    )


def _with(facts: RunState, state: State, words: str, log_lines: tuple[str, ...] = ()) -> RunState:
    import msgspec

    eta = facts.eta_s if state == "running" else None
    return msgspec.structs.replace(facts, state=state, words=words, log_lines=log_lines, eta_s=eta)


def _just_started(run: RunFolder, clock: Callable[[], float]) -> bool:
    """Whether a process was started that has said nothing yet."""
    try:
        started_s = run.log_file.stat().st_mtime
        age_s = clock() - started_s
        if run.events_file.exists() and run.events_file.stat().st_mtime > started_s:
            return False  # it has spoken since
        with run.log_file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - len(STARTING)))
            return stream.read() == STARTING.encode() and age_s < _STARTING_S
    except OSError:
        return False
