"""Tells the run's log what happens, and listens to what is asked of the trainer. It never draws.

It hangs in transformers' Trainer as a callback. In a run of many processes the first one decides and writes, and the
others do the same.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Literal

import msgspec
import torch
from transformers import TrainerCallback

from engine.errors import Failed
from engine.runs.control import Request, take_request
from engine.runs.events import EvalDone, RunEvent, RunPaused, StepDone, Warned
from engine.runs.folder import RunFolder
from engine.runs.log import EventWriter
from engine.runs.plan import Plan
from engine.training.checkpoints import Progress
from engine.training.machine import memory_bytes

SAVE_AT_LEAST_EVERY_S = 600.0
_REQUESTS: tuple[Request | None, ...] = (None, "save", "pause", "stop")
Ending = Literal["completed", "stopped", "paused"]


class NotANumber(Failed):
    """The loss is NaN or infinite."""

    code = "loss-not-a-number"


class Cadence(msgspec.Struct, frozen=True):
    """At which steps something is due."""

    evaluate_every: int
    save_every: int
    total_steps: int

    @classmethod
    def of(cls, plan: Plan, total_steps: int) -> Cadence:
        """Settle what the plan leaves open."""
        evaluate = plan.evaluate_every or max(1, math.ceil(total_steps / 10))
        return cls(evaluate, plan.save_every or evaluate, total_steps)

    def evaluates(self, step: int) -> bool:
        """Whether the step is followed by an evaluation."""
        return step % self.evaluate_every == 0 or step == self.total_steps

    def saves(self, step: int) -> bool:
        """Whether the step is followed by a save."""
        return step % self.save_every == 0 or step == self.total_steps


class Reporter(TrainerCallback):
    """The trainer's voice and ear."""

    def __init__(
        self,
        run: RunFolder,
        *,
        writer: EventWriter | None,
        plan: Plan,
        cadence: Cadence,
        progress: Progress,
        epoch_at: Callable[[int], float],
        device: torch.device,
        processes: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin at what `progress` remembers.

        Args:
            run: The run.
            writer: Of its log; None in all processes but the first.
            plan: For when to end early.
            cadence: When to evaluate and to save.
            progress: What happened before.
            epoch_at: The epoch after a step.
            device: Whose memory is reported.
            processes: How many train together.
            clock: Seconds that only go forward.
        """
        self._run, self._writer, self._plan = run, writer, plan
        self._cadence, self.progress = cadence, progress
        self._epoch_at, self._device, self._processes, self._clock = epoch_at, device, processes, clock
        self.ending: Ending = "completed"
        self._began_s = self._saved_s = clock()
        self._losses: list[torch.Tensor] = []
        self._tokens = 0
        self._learning_rate = 0.0
        self._grad_norm = 0.0
        self.step_s = 0.0
        """What the last step took; 0 before the first of this process."""
        self.evaluated_step = -1

    # What the trainer tells while a step goes on

    def add_batch(self, tokens: int) -> None:
        """Count the useful tokens that go into this step, of all processes."""
        self._tokens += tokens

    def add_loss(self, loss: torch.Tensor) -> None:
        """Take the loss of one pass, already divided by the step's trained tokens."""
        self._losses.append(loss)

    def check_gradient(self, grad_norm: float) -> None:
        """Look at the step before the weights change.

        Raises:
            NotANumber: They would be ruined.
        """
        self._grad_norm = grad_norm
        loss = self._loss()
        if math.isfinite(grad_norm) and math.isfinite(loss):
            return
        step = self.progress.step + 1
        what = "The loss" if not math.isfinite(loss) else "The gradient"
        raise NotANumber(
            f"{what} of step {step:,} is not a finite number, and the weights were left as they were",
            "Start again with a learning rate of a third, or with precision float32; "
            "the checkpoints that were saved are good",
        )

    # What transformers' Trainer calls

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clocks."""
        del args, state, control, kwargs
        self._began_s = self._saved_s = self._clock()

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Remember the rate that the step was made with, before the schedule moves on."""
        del args, state, control
        self._learning_rate = float(kwargs["optimizer"].param_groups[0]["lr"])

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Report the step, and decide what follows it."""
        del args, kwargs
        step = int(state.global_step)
        now = self._clock()
        seconds = self.step_s = max(1e-9, now - self._began_s)
        self._began_s = now
        self.progress = msgspec.structs.replace(self.progress, step=step, seconds=self.progress.seconds + seconds)
        self.tell(
            StepDone(
                step=step,
                epoch=self._epoch_at(step),
                loss=self._loss(),
                lr=self._learning_rate,
                grad_norm=self._grad_norm,
                tokens=self._tokens,
                tokens_per_s=self._tokens / seconds,
                seconds=seconds,
                memory_bytes=memory_bytes(self._device),
                total_steps=self._cadence.total_steps,
            )
        )
        self._losses.clear()
        self._tokens = 0
        request, late = self._decide()
        control.should_evaluate = self._cadence.evaluates(step) or request == "stop"
        control.should_save = self._cadence.saves(step) or request is not None or late
        if request in ("stop", "pause"):
            control.should_training_stop = True
            if step < self._cadence.total_steps:
                self.ending = "stopped" if request == "stop" else "paused"
        return control

    # What happens around it

    def tell(self, event: RunEvent) -> None:
        """Write an event, where this process is the one that does."""
        if self._writer is not None:
            self._writer.append(event)

    def warn(self, title: str, hint: str = "") -> None:
        """Tell of something that a person should know."""
        self.tell(Warned(title=title, hint=hint))

    def evaluated(self, event: EvalDone) -> bool:
        """Take the figures of an evaluation; say whether the run should end early for want of progress."""
        before = self.progress
        better = before.best_loss is None or event.loss < before.best_loss
        self.progress = msgspec.structs.replace(
            before,
            best_loss=event.loss if better else before.best_loss,
            best_step=event.step if better else before.best_step,
            best_accuracy=event.accuracy if better else before.best_accuracy,
            best_generic_loss=event.generic_loss if better else before.best_generic_loss,
            evaluations_without_gain=0 if better else before.evaluations_without_gain + 1,
        )
        if event.step == 0:
            self.progress = msgspec.structs.replace(
                self.progress,
                first_loss=event.loss,
                first_accuracy=event.accuracy,
                first_generic_loss=event.generic_loss,
            )
        self.evaluated_step = event.step
        self.tell(
            msgspec.structs.replace(
                event, best_loss=self.progress.best_loss or event.loss, best_step=self.progress.best_step
            )
        )
        patience = self._plan.patience
        return 0 < patience <= self.progress.evaluations_without_gain

    def saved(self) -> None:
        """Start the clock of saves again, and that of steps, which a save is no part of."""
        self._saved_s = self._began_s = self._clock()

    def rested(self) -> None:
        """Leave out of the next step's time what was done between two steps."""
        self._began_s = self._clock()

    def waited(self, seconds: float) -> None:
        """Leave out of this step's time what the trainer stood still."""
        self._began_s += seconds

    def asked(self) -> Request | None:
        """Take a request, in the first process alone."""
        return take_request(self._run.control_file) if self._writer is not None else None

    def paused(self, words: str) -> None:
        """Tell that the run stands still until somebody resumes it."""
        self.tell(RunPaused(step=self.progress.step, reason="asked", words=words))

    def _loss(self) -> float:
        if not self._losses:
            return 0.0
        loss = torch.stack(self._losses).sum()
        if self._processes > 1:
            # Each process divided by the tokens of all and multiplied by their number, as gradients are averaged.
            torch.distributed.all_reduce(loss)
            loss = loss / self._processes
        return float(loss)

    def _decide(self) -> tuple[Request | None, bool]:
        """What was asked, and whether the last save is long ago: the same in all processes."""
        request = self.asked()
        late = self._clock() - self._saved_s > SAVE_AT_LEAST_EVERY_S
        if self._processes == 1:
            return request, late
        decision = torch.tensor([_REQUESTS.index(request), int(late)], device=self._device)
        torch.distributed.broadcast(decision, src=0)
        return _REQUESTS[int(decision[0])], bool(decision[1])
