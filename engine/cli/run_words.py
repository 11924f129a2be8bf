"""What the command line says about runs, and how it follows one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import typer

from engine.cli.output import is_terminal, narrate, out_json, redraw
from engine.errors import Cancelled
from engine.figures import human_bytes, human_count, human_duration, plural
from engine.runs import RunFolder, RunState, read_events, read_state
from engine.runs.arrival import arriving_words
from engine.runs.events import (
    AnyRunEvent,
    CheckpointSaved,
    DataReady,
    EvalDone,
    Fetched,
    PreflightDone,
    ProbeSampled,
    RowsRead,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    StepDone,
    UnknownRunEvent,
    Warned,
)
from engine.runs.gains import Gain, read_gains

_LOOK_EVERY_S = 0.2
_PLAIN_STEPS_EVERY_S = 10.0
_PROMPT_CHARACTERS, _ANSWER_CHARACTERS = 40, 120


def event_line(event: AnyRunEvent) -> str:
    """Say an event in one line; empty for what only a curve shows."""
    match event:
        case RunStarted():
            learns = f"{human_count(event.trainable)} of {human_count(event.parameters)} parameters learn"
            where = f"{event.device}, {event.precision}"
            return f"{event.model}: {event.method}, {learns}, rate {event.learning_rate:g}, {where}"
        case DataReady():
            cut = f", {event.truncated_rows:,} cut at {event.max_length:,}" if event.truncated_rows else ""
            skipped = f", {event.skipped_rows:,} skipped" if event.skipped_rows else ""
            held_out = f"{event.evaluation_rows:,} held out"
            return f"{rows_words(event)} of {human_count(event.tokens)} tokens, {held_out}{cut}{skipped}"
        case PreflightDone():
            return event.words
        case StepDone():
            return step_line(event)
        case Fetched() | RowsRead():
            return arriving_words(event)
        case EvalDone():
            accuracy = f", accuracy {event.accuracy:.1%}" if event.accuracy is not None else ""
            best = ", the best so far" if event.best_step == event.step and event.step else ""
            loss = f"held-out loss {event.loss:.4f}, perplexity {event.perplexity:.4g}"
            return f"step {event.step:,}: {loss}{accuracy}{best}"
        case ProbeSampled():
            prompt, text = " ".join(event.prompt.split()), " ".join(event.text.split())
            asked = prompt if len(prompt) <= _PROMPT_CHARACTERS else f"…{prompt[1 - _PROMPT_CHARACTERS :]}"
            said = text if len(text) <= _ANSWER_CHARACTERS else f"{text[: _ANSWER_CHARACTERS - 1]}…"
            return f"  step {event.step:,}, to “{asked}” it says: {said or '(nothing)'}"
        case CheckpointSaved():
            return f"step {event.step:,}: saved, {human_bytes(event.size_bytes)}"
        case Warned():
            return f"Note: {event.title}" + (f". {event.hint}" if event.hint else "")
        case RunPaused():
            return event.words
        case RunResumed():
            return f"Going on behind step {event.step:,}" if event.step else "Beginning again"
        case RunFinished():
            how = {"completed": "Finished", "stopped": "Stopped", "failed": "Failed"}[event.outcome]
            why = f": {event.why}" if event.why else f" after {human_duration(event.seconds)} of training"
            return f"{how} {f'at step {event.step:,}' if event.step else 'before the first step'}{why}"


def rows_words(data: DataReady) -> str:
    """What is trained on: 1,900 rows, or 64 rows in 2,730 pieces where texts are longer than a row may be."""
    pieces = f" in {data.pieces:,} pieces" if data.pieces > data.rows else ""
    return f"{plural(data.rows, 'row')}{pieces}"


def step_line(event: StepDone) -> str:
    """A step with its figures and the time that is left."""
    total = f"/{event.total_steps:,}" if event.total_steps else ""
    left = (event.total_steps - event.step) * event.seconds
    eta = f" · {human_duration(left)} left" if left > 0 else ""
    return (
        f"step {event.step:,}{total} · epoch {event.epoch:.2f} · loss {event.loss:.4f} · rate {event.lr:.2e} · "
        f"{event.tokens_per_s:,.0f} tokens/s · {human_bytes(event.memory_bytes)}{eta}"
    )


def follow(
    run: RunFolder,
    *,
    as_json: bool,
    offset: int = 0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> RunState:
    """Tell what happens in a run until nobody trains it any more.

    Args:
        run: The run.
        as_json: Print every event on stdout; else the main ones are told on stderr, steps at most now and then.
        offset: Where to begin in its log, in bytes.
        clock: Seconds that only go forward.
        sleep: Waits between two looks.

    Returns:
        How it stands at the end.
    """
    view = _View(as_json, clock)
    while True:
        state = read_state(run)  # first, so that nothing that is written before the end is missed
        batch = read_events(run.events_file, offset)
        offset = batch.offset
        for event in batch.events:
            if not isinstance(event, UnknownRunEvent):
                view.show(event)
        if batch.events:
            continue
        if state.state not in ("preparing", "running") and not (state.state == "paused" and view.waits_for_space):
            view.close()
            return state
        sleep(_LOOK_EVERY_S)


def watch(run: RunFolder, *, as_json: bool, offset: int = 0) -> None:
    """Follow a run, and end the command as the run ended.

    Raises:
        Cancelled: Somebody watched long enough; the run goes on.
        typer.Exit: With 1 where the run failed or died.
    """
    try:
        state = follow(run, as_json=as_json, offset=offset)
    except KeyboardInterrupt:
        words = f"No longer watching; {run.name} goes on" if read_state(run).alive else f"No longer watching {run.name}"
        raise Cancelled(words) from None
    narrate(f"{state.words}.")
    if state.state in ("finished", "stopped") and (gains := read_gains(run.events_file)):
        narrate(f"Did it help? {' · '.join(map(_gain_line, gains))}.")
    if code := exit_code(state):
        raise typer.Exit(code)


def _gain_line(gain: Gain) -> str:
    name, before, after, verdict = gain.words
    return f"{name} {before} → {after} {verdict}"


class _View:
    def __init__(self, as_json: bool, clock: Callable[[], float]) -> None:
        self._as_json, self._clock = as_json, clock
        self._live = is_terminal(sys.stderr)
        self._width = 0
        self._told_s = float("-inf")
        self._held: RunPaused | RunFinished | None = None
        self.waits_for_space = False

    def show(self, event: AnyRunEvent) -> None:
        self._release()
        if self._as_json:
            out_json(event)
        if isinstance(event, RunPaused):
            self.waits_for_space = event.reason == "disk-full"
        if isinstance(event, StepDone | Fetched | RowsRead):
            self._passing(event)
        elif isinstance(event, RunFinished) or (isinstance(event, RunPaused) and not self.waits_for_space):
            self._held = event  # where nothing comes behind it, the state of the run says the same, and what to do
        else:
            self._tell(event)

    def _release(self) -> None:
        """Tell of an end that was none: somebody has gone on with the run."""
        held, self._held = self._held, None
        if held is not None:
            self._tell(held)

    def _tell(self, event: AnyRunEvent) -> None:
        line = event_line(event)
        if line and not self._as_json:
            self.close()
            narrate(line)

    def close(self) -> None:
        """End the line that is drawn over and over."""
        if self._width:
            narrate("")
            self._width = 0

    def _passing(self, event: AnyRunEvent) -> None:
        """Tell what the next of its kind makes old: on a line that is drawn over and over, or now and then."""
        if self._as_json:
            return
        if self._live:
            self._width = redraw(event_line(event), self._width)
        elif self._clock() - self._told_s >= _PLAIN_STEPS_EVERY_S:
            self._told_s = self._clock()
            narrate(event_line(event))


def exit_code(state: RunState) -> int:
    """0 where a run is as it was meant to be, 1 where it failed or died."""
    return 1 if state.state in ("failed", "died") else 0
