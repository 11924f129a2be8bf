"""What is shown of a training run: its past in bounded points, kept up with what happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from engine.runs.checkpoints import Checkpoint
from engine.runs.control import Request
from engine.runs.curve import Curve, CurvePoint
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
from engine.runs.history import RECENT_STEPS, History
from engine.runs.plan import Plan
from engine.runs.state import RunState

MAX_POINTS = 2048
MAX_EVALUATIONS = 1024
MAX_ANSWERS = 512
"""Evaluations whose replies are kept; where there are more, every other one is let go."""
MAX_WARNINGS = 50


class Answers(msgspec.Struct, frozen=True):
    """What the model said to the fixed prompts at one step."""

    step: int
    samples: tuple[ProbeSampled, ...]


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a run since the last look."""

    history: History | None = None
    """All of its past: at the first look, and where the log is another one."""
    events: tuple[AnyRunEvent | UnknownRunEvent, ...] = ()
    state: RunState | None = None
    """None where nothing changed."""
    locked: bool = False
    """Whether a trainer lives; told with `state`."""
    checkpoints: tuple[Checkpoint, ...] | None = None
    plan: Plan | None = None
    gone: bool = False
    """The run's directory is not there any more."""


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """A run as the screen sees it."""

    name: str
    state: RunState
    locked: bool = False
    """Whether a trainer lives, be it that it waits."""
    plan: Plan | None = None
    started: RunStarted | None = None
    arriving: Fetched | RowsRead | None = None
    """What has come of model and data, while they are on their way."""
    data: DataReady | None = None
    preflight: PreflightDone | None = None
    finished: RunFinished | None = None
    curve: tuple[CurvePoint, ...] = ()
    """The whole history."""
    recent: tuple[StepDone, ...] = ()
    """The last steps, one by one."""
    evaluations: tuple[EvalDone, ...] = ()
    """By step, each step once."""
    answers: tuple[Answers, ...] = ()
    """By step, each step once."""
    checkpoints: tuple[Checkpoint, ...] = ()
    """Those that are on the disk, oldest first."""
    warnings: tuple[Warned, ...] = ()
    asked: Request | None = None
    """What the trainer was asked for and has not answered yet."""

    @property
    def last(self) -> StepDone | None:
        """The last step; None before the first."""
        return self.recent[-1] if self.recent else None

    @property
    def total_steps(self) -> int:
        """Of the whole run; 0 where it is not known yet."""
        return self.state.total_steps or (self.last.total_steps if self.last else 0)

    @property
    def step(self) -> int:
        """The last step that was done."""
        return self.last.step if self.last else self.state.step

    @property
    def has_made_something(self) -> bool:
        """Whether there is a model to talk to."""
        return bool(self.checkpoints) or (self.state.state in ("finished", "stopped") and self.state.step > 0)

    @property
    def best(self) -> EvalDone | None:
        """The evaluation with the lowest held-out loss."""
        return min(self.evaluations, key=lambda one: (one.loss, one.step), default=None)

    def see(self, look: Look) -> RunView:
        """Take in what was seen."""
        view = self if look.history is None else self.with_history(look.history)
        view = view.apply(look.events)
        changes: dict[str, object] = {}
        if look.state is not None:
            changes |= {"state": look.state, "locked": look.locked}
            if not look.locked:
                changes["asked"] = None
        if look.checkpoints is not None:
            changes["checkpoints"] = look.checkpoints
        if look.plan is not None:
            changes["plan"] = look.plan
        return view.with_(**changes) if changes else view

    def with_history(self, history: History) -> RunView:
        """Begin anew with all that a log tells."""
        growing = _Growing(msgspec.structs.replace(_emptied(self), asked=None))
        for event in history.events:
            growing.take(event)
        # The history has left out what a resumed run did again: only the rest above has to see that once more.
        growing.curve, growing.recent = Curve.of(history.curve, MAX_POINTS), list(history.recent)
        return growing.view()

    def apply(self, events: Sequence[AnyRunEvent | UnknownRunEvent]) -> RunView:
        """Take in what happened since, in order."""
        if not events:
            return self
        growing = _Growing(self)
        for event in events:
            growing.take(event)
        return growing.view()

    def with_(self, **changes: object) -> RunView:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)


class _Growing:
    """A view that is being built."""

    def __init__(self, view: RunView) -> None:
        self._view = view
        self.curve = Curve.of(view.curve, MAX_POINTS)
        self.recent = list(view.recent)
        self._evaluations = list(view.evaluations)
        self._answers = list(view.answers)
        self._warnings = list(view.warnings)
        self._changes: dict[str, object] = {}

    def take(self, event: AnyRunEvent | UnknownRunEvent) -> None:
        match event:
            case StepDone():
                self._changes["arriving"] = None
                self.curve.add(event)
                self.recent.append(event)
            case EvalDone():
                self._forget_evaluations(event.step - 1)
                self._evaluations.append(event)
            case ProbeSampled():
                self._answer(event)
            case Warned():
                self._warnings.append(event)
            case RunStarted():
                self._changes.update(started=event, arriving=None)
            case Fetched() | RowsRead():
                self._changes.update(arriving=event)
            case DataReady():
                self._changes.update(data=event)
            case PreflightDone():
                self._changes.update(preflight=event)
            case RunResumed():
                self._go_back_to(event.step)
                self._changes.update(finished=None, asked=None, arriving=None)
            case RunFinished():
                self._changes.update(finished=event, asked=None, arriving=None)
            case RunPaused():
                self._changes.update(asked=None, arriving=None)
            case CheckpointSaved():
                if self._view.asked == "save":
                    self._changes.update(asked=None)
            case UnknownRunEvent():
                pass

    def view(self) -> RunView:
        return msgspec.structs.replace(
            self._view,
            curve=self.curve.points,
            recent=tuple(self.recent[-RECENT_STEPS:]),
            evaluations=tuple(_thinned(self._evaluations, MAX_EVALUATIONS, self._best_step())),
            answers=tuple(_thinned(self._answers, MAX_ANSWERS, self._best_step())),
            warnings=tuple(self._warnings[-MAX_WARNINGS:]),
            **self._changes,
        )

    def _best_step(self) -> int:
        return min(self._evaluations, key=lambda one: one.loss).step if self._evaluations else -1

    def _answer(self, event: ProbeSampled) -> None:
        while self._answers and self._answers[-1].step > event.step:
            self._answers.pop()
        kept: tuple[ProbeSampled, ...] = ()
        if self._answers and self._answers[-1].step == event.step:
            kept = tuple(one for one in self._answers.pop().samples if one.index != event.index)
        samples = sorted((*kept, event), key=lambda one: one.index)
        self._answers.append(Answers(event.step, tuple(samples)))

    def _forget_evaluations(self, step: int) -> None:
        while self._evaluations and self._evaluations[-1].step > step:
            self._evaluations.pop()

    def _go_back_to(self, step: int) -> None:
        """What was told of later steps is no longer so."""
        self.curve.forget_after(step)
        while self.recent and self.recent[-1].step > step:
            self.recent.pop()
        self._forget_evaluations(step)
        while self._answers and self._answers[-1].step > step:
            self._answers.pop()


def _emptied(view: RunView) -> RunView:
    return RunView(name=view.name, state=view.state, locked=view.locked, plan=view.plan, checkpoints=view.checkpoints)


Stepped = TypeVar("Stepped", EvalDone, Answers)


def _thinned(items: list[Stepped], limit: int, best_step: int) -> list[Stepped]:
    """Let every other one go as long as there are too many; the first, the best and the last stay."""
    while len(items) > limit:
        last = len(items) - 1
        items = [one for at, one in enumerate(items) if at % 2 == 0 or at == last or one.step == best_step]
    return items
