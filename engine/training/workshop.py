"""A run, ready to be trained: what it does before its first step and after its last."""

from __future__ import annotations

import msgspec

from engine.errors import Failed
from engine.runs.checkpoints import list_checkpoints
from engine.runs.events import DataReady, RunStarted
from engine.runs.folder import RunFolder
from engine.runs.plan import Plan
from engine.training.evaluation import Evaluator
from engine.training.preflight import DoesNotFit, Rehearsal, rehearse
from engine.training.reporter import Reporter
from engine.training.results import Figures, write_final
from engine.training.trainer import Teacher


class Workshop(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A run, ready to be trained."""

    run: RunFolder
    plan: Plan
    base_ref: str
    evaluator: Evaluator
    reporter: Reporter
    teacher: Teacher
    started: RunStarted
    data: DataReady
    rehearsal: Rehearsal
    total_steps: int

    def begin(self) -> None:
        """What a new run does first: the evaluation before, and the preflight.

        Raises:
            DoesNotFit: Disk or memory are too small.
        """
        event = self.evaluator.evaluate(0, self.reporter)
        self.reporter.evaluated(event)
        if self.plan.preflight:
            done = rehearse(msgspec.structs.replace(self.rehearsal, evaluation_s=event.seconds))
            self.reporter.tell(done)
            if not done.fits:
                raise DoesNotFit("The run does not fit on the disk", done.words)

    def write_result(self) -> None:
        """Write `final/`, from the best checkpoint that is there, else from the last.

        Raises:
            Failed: There is no checkpoint.
        """
        there = list_checkpoints(self.run)
        if not there:
            raise Failed("No checkpoint could be written, so that there is no result", "Make room and start again")
        best = next((one for one in there if one.best), there[-1])
        first = self.reporter.progress
        is_best = best.step == first.best_step
        figures = Figures(
            step=best.step,
            parameters=self.started.parameters,
            trainable=self.started.trainable,
            learning_rate=self.started.learning_rate,
            rows=self.data.rows,
            tokens=self.data.tokens,
            evaluation_rows=self.data.evaluation_rows,
            loss_before=first.first_loss,
            loss_after=best.loss,
            accuracy_before=first.first_accuracy,
            generic_before=first.first_generic_loss,
            accuracy_after=first.best_accuracy if is_best else None,
            generic_after=first.best_generic_loss if is_best else None,
            seconds=first.seconds,
        )
        write_final(self.run, best.folder, self.plan, figures, self.base_ref)
