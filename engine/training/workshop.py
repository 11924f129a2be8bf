"""Puts together what a run needs: the model, the data, the learner, and the trainer around them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import torch
from transformers import set_seed

from engine.data import prepare
from engine.errors import Failed
from engine.inference.runtime import pick_device
from engine.paths import Paths
from engine.protocol import Template
from engine.runs.checkpoints import list_checkpoints
from engine.runs.events import DataReady, RunStarted
from engine.runs.folder import RunFolder
from engine.runs.log import EventWriter
from engine.runs.plan import Plan
from engine.training.base import Base, read_base, window_of
from engine.training.batches import Batches
from engine.training.checkpoints import Progress
from engine.training.evaluation import Evaluator
from engine.training.generic import generic_rows
from engine.training.learner import Learner, choose_way
from engine.training.machine import pick_precision, pick_thread_count
from engine.training.methods import build, default_learning_rate
from engine.training.preflight import DoesNotFit, Rehearsal, rehearse
from engine.training.probes import choose_probes
from engine.training.reporter import Cadence, Reporter
from engine.training.results import Figures, write_final
from engine.training.rows import row_lengths
from engine.training.trainer import Teacher, training_arguments

_LONGEST_BY_DEFAULT = 512
_PACK_BY_DEFAULT = 2048
_CHECK_ROWS, _CHECK_TOKENS = 3, 96


class Workshop(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A run, ready to be trained."""

    run: RunFolder
    plan: Plan
    base_ref: str
    learner: Learner
    tokenizer: Any
    batches: Batches
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
            loss_before=first.first_loss,
            loss_after=best.loss,
            accuracy_before=first.first_accuracy,
            generic_before=first.first_generic_loss,
            accuracy_after=first.best_accuracy if is_best else None,
            generic_after=first.best_generic_loss if is_best else None,
            seconds=first.seconds,
        )
        write_final(self.run, best.folder, self.plan, figures, self.base_ref)


def set_up(
    run: RunFolder,
    plan: Plan,
    paths: Paths,
    *,
    checkpoint: Path | None,
    progress: Progress,
    writer: EventWriter | None,
) -> Workshop:
    """Read, build and lay out everything.

    Args:
        run: The run.
        plan: Its plan.
        paths: The program's folders.
        checkpoint: Where it goes on; None begins.
        progress: What was before.
        writer: Of the log; None in all processes but the first.

    Raises:
        TunesmithError: The model or the data can't be used.
    """
    process, processes = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    device = _device(plan, processes)
    set_seed(plan.seed)
    base = read_base(plan, paths, checkpoint)
    parameters = sum(one.numel() for one in base.model.parameters())
    threads = pick_thread_count(plan.threads, processes, parameters)
    torch.set_num_threads(threads)
    longest = _longest(plan, base)
    learner = _learner(plan, base, checkpoint, device)
    trainable = sum(one.numel() for one in learner.parameters() if one.requires_grad)
    rate = plan.learning_rate or default_learning_rate(plan.method, parameters)

    prepared = _prepare(plan, base, longest - learner.virtual_tokens, run, processes)
    rows = prepared.train
    if len(rows) == 0:
        raise Failed("There is no row to train on", "Look at the data: tunesmith data show")
    sample = [_cut(rows[place], _CHECK_TOKENS) for place in range(min(_CHECK_ROWS, len(rows)))]
    way = choose_way(learner, sample, packing=plan.packing)
    capacity = max(longest, plan.pack_tokens or min(_PACK_BY_DEFAULT, plan.batch_tokens))
    accumulation = max(1, round(plan.batch_tokens / capacity))
    lengths = [length + learner.virtual_tokens for length in row_lengths(rows)]
    batches = Batches(
        rows,
        lengths,
        capacity=capacity,
        per_step=accumulation * processes,
        seed=plan.seed,
        epochs=plan.epochs,
        max_steps=plan.max_steps,
    )
    cadence = Cadence.of(plan, batches.total_steps)
    reporter = Reporter(
        run,
        writer=writer,
        plan=plan,
        cadence=cadence,
        progress=progress,
        epoch_at=batches.epoch_at,
        device=device,
        processes=processes,
    )
    started = RunStarted(
        model=base.ref,
        method=plan.method,
        pid=os.getpid(),
        device=str(device),
        precision=str(learner.autocast or torch.float32).removeprefix("torch."),
        threads=threads,
        parameters=parameters,
        trainable=trainable,
        learning_rate=rate,
        processes=processes,
        total_steps=batches.total_steps,
    )
    data = _data_ready(prepared, rows, longest, way != "padded")
    if checkpoint is None:
        reporter.tell(started)
        reporter.tell(data)
    if plan.packing and way == "padded":
        reporter.warn(
            "This architecture can't keep packed rows apart: they are padded instead",
            "The result is the same, and the steps take longer",
        )
    held_out = prepared.evaluation
    evaluator = Evaluator(
        learner,
        held_out,
        capacity=capacity,
        device=device,
        generic=generic_rows(plan, base.tokenizer, longest - learner.virtual_tokens),
        probes=choose_probes(plan.probes, held_out if len(held_out) else rows, base.tokenizer),
        probe_tokens=plan.probe_tokens,
        tokenizer=base.tokenizer,
        seed=plan.seed,
        process=process,
        processes=processes,
    )
    arguments = training_arguments(
        plan,
        run,
        learning_rate=rate,
        total_steps=batches.total_steps,
        accumulation=accumulation,
        use_cpu=device.type == "cpu",
    )
    template: Template | None = plan.data.template
    teacher = Teacher(
        learner,
        batches=batches,
        arguments=arguments,
        reporter=reporter,
        evaluator=evaluator,
        run=run,
        plan=plan,
        tokenizer=base.tokenizer,
        template=template,
    )
    return Workshop(
        run=run,
        plan=plan,
        base_ref=base.ref,
        learner=learner,
        tokenizer=base.tokenizer,
        batches=batches,
        evaluator=evaluator,
        reporter=reporter,
        teacher=teacher,
        started=started,
        data=data,
        rehearsal=Rehearsal(
            plan=plan,
            run=run,
            learner=learner,
            tokenizer=base.tokenizer,
            template=template,
            rows=rows,
            lengths=lengths,
            capacity=capacity,
            accumulation=accumulation,
            total_steps=batches.total_steps,
            evaluations=batches.total_steps // cadence.evaluate_every + 1,
            evaluation_s=0.0,
            device=device,
        ),
        total_steps=batches.total_steps,
    )


def _device(plan: Plan, processes: int) -> torch.device:
    device = pick_device(plan.device)
    if device.type == "cuda" and processes > 1:
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return device


def _longest(plan: Plan, base: Base) -> int:
    window = window_of(base.model, base.tokenizer)
    return min(plan.max_length or _LONGEST_BY_DEFAULT, window)


def _learner(plan: Plan, base: Base, checkpoint: Path | None, device: torch.device) -> Learner:
    model = build(plan, base.model, base.tokenizer, checkpoint).to(device)
    if plan.gradient_checkpointing:
        base.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        base.model.enable_input_require_grads()
    parameters = sum(one.numel() for one in base.model.parameters())
    pad = base.tokenizer.pad_token_id
    return Learner(
        model,
        pad_id=pad if pad is not None else base.tokenizer.eos_token_id or 0,
        autocast=pick_precision(plan.precision, device, parameters),
    )


def _prepare(plan: Plan, base: Base, max_length: int, run: RunFolder, processes: int) -> Any:
    """Prepare the data in the first process; the others then find it done."""

    def here() -> Any:
        return prepare(plan.data, base.tokenizer, max_length=max_length, folder=run.data)

    if processes == 1:
        return here()
    from accelerate import PartialState

    with PartialState(cpu=plan.device == "cpu" or not torch.cuda.is_available()).main_process_first():
        return here()


def _data_ready(prepared: Any, rows: Any, longest: int, packed: bool) -> DataReady:
    report = prepared.report
    return DataReady(
        rows=len(rows),
        evaluation_rows=len(prepared.evaluation),
        tokens=int(report.tokens),
        trained_tokens=int(report.trained_tokens),
        skipped_rows=int(report.skipped_rows),
        truncated_rows=int(report.truncated_rows),
        max_length=longest,
        packed=packed,
    )


def _cut(row: Any, length: int) -> dict[str, list[int]]:
    return {"input_ids": list(row["input_ids"][:length]), "labels": list(row["labels"][:length])}
