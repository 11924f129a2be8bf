"""Puts together what a run needs: the model, the data, the learner, and the trainer around them."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import torch
from transformers import set_seed

from engine.inference.runtime import pick_device
from engine.paths import Paths
from engine.replying import is_replying
from engine.runs.control import pending_request
from engine.runs.events import DataReady, RunStarted
from engine.runs.folder import RunFolder
from engine.runs.log import EventWriter
from engine.runs.plan import LONGEST_BY_DEFAULT, Plan
from engine.runs.rates import default_learning_rate
from engine.training.base import Base, read_base, window_of
from engine.training.checkpoints import Progress
from engine.training.courtesy import Courtesy
from engine.training.endings import can_learn_to_stop
from engine.training.evaluation import Evaluator
from engine.training.generic import generic_rows
from engine.training.labels import LabelExam
from engine.training.learner import Learner
from engine.training.lesson import Lesson, layout_of, lengths_of, read_lesson
from engine.training.machine import pick_precision, pick_thread_count
from engine.training.methods import build
from engine.training.preflight import Rehearsal
from engine.training.preparation import Preparation
from engine.training.probes import choose_probes
from engine.training.reporter import Cadence, Reporter
from engine.training.trainer import Teacher, training_arguments
from engine.training.workshop import Workshop


class _Place(msgspec.Struct, frozen=True):
    """Where this process computes, and which one it is."""

    process: int
    processes: int
    device: torch.device


class _Model(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    base: Base
    learner: Learner
    longest: int
    """Tokens of a row, with the virtual ones."""
    started: RunStarted
    """Without the number of steps, which the data decides."""


def assemble(
    run: RunFolder,
    plan: Plan,
    paths: Paths,
    *,
    checkpoint: Path | None,
    progress: Progress,
    writer: EventWriter | None,
    preparation: Preparation,
) -> Workshop:
    """Read, build and lay out everything.

    Args:
        run: The run.
        plan: Its plan.
        paths: The program's folders.
        checkpoint: Where it goes on; None begins.
        progress: What was before.
        writer: Of the log; None in all processes but the first.
        preparation: Is told how far it has come, and may end it.

    Raises:
        Cancelled: Somebody wants it to end.
        TunesmithError: The model or the data can't be used.
    """
    os.environ.setdefault("NUMBA_CACHE_DIR", str(paths.kernels))  # read when numba is imported, in the first step
    place = _find_place(plan)
    set_seed(plan.seed)
    model = _read_model(plan, paths, checkpoint, place, preparation)
    lesson = read_lesson(
        run,
        plan,
        model.learner,
        model.base.tokenizer,
        cache=paths.prepared,
        longest=model.longest,
        processes=place.processes,
        preparation=preparation,
    )
    total_steps = lesson.batches.total_steps
    cadence = Cadence.of(plan, total_steps)
    reporter = Reporter(
        run,
        writer=writer,
        plan=plan,
        cadence=cadence,
        progress=progress,
        epoch_at=lesson.batches.epoch_at,
        device=place.device,
        processes=place.processes,
    )
    started = msgspec.structs.replace(model.started, total_steps=total_steps)
    if checkpoint is None:
        _introduce(reporter, started, lesson.ready, plan)
        if not can_learn_to_stop(model.learner.model, model.base.tokenizer.eos_token_id):
            reporter.warn(
                "The model does not know its end-of-text token, so that its replies will not learn where to stop",
                "Take --method full, which teaches that too, or end replies by their length",
            )
    evaluator = _evaluator(plan, model, lesson, place)
    teacher = _teacher(run, plan, model, lesson, reporter=reporter, evaluator=evaluator, place=place)
    if plan.polite and writer is not None:
        teacher.add_callback(_courtesy(run, paths, reporter))
    return Workshop(
        run=run,
        plan=plan,
        base_ref=model.base.ref,
        reporter=reporter,
        evaluator=evaluator,
        teacher=teacher,
        started=started,
        data=lesson.ready,
        rehearsal=Rehearsal(
            plan=plan,
            run=run,
            learner=model.learner,
            tokenizer=model.base.tokenizer,
            template=lesson.prepared.template,
            rows=lesson.prepared.train,
            lengths=lengths_of(model.learner, lesson.prepared.train),
            columns=lesson.columns,
            packs=lesson.packs,
            accumulation=lesson.accumulation,
            total_steps=total_steps,
            evaluations=total_steps // cadence.evaluate_every + 1,
            evaluation_s=0.0,
            device=place.device,
        ),
        total_steps=total_steps,
    )


def _courtesy(run: RunFolder, paths: Paths, reporter: Reporter) -> Courtesy:
    return Courtesy(
        is_replying=lambda: is_replying(paths.replying_file),
        is_asked=lambda: pending_request(run.control_file) is not None,
        last_step_s=lambda: reporter.step_s,
        waited=reporter.waited,
    )


def _find_place(plan: Plan) -> _Place:
    process, processes = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    device = pick_device(plan.device)
    if device.type == "cuda" and processes > 1:
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return _Place(process, processes, device)


def _read_model(plan: Plan, paths: Paths, checkpoint: Path | None, place: _Place, preparation: Preparation) -> _Model:
    base = read_base(plan, paths, checkpoint, on_fetch=preparation.fetching("model"), cancelled=preparation.is_ended)
    parameters = sum(one.numel() for one in base.model.parameters())
    threads = pick_thread_count(plan.threads, place.processes, parameters)
    torch.set_num_threads(threads)
    model = build(plan, base.model, base.tokenizer, checkpoint).to(place.device)
    if plan.gradient_checkpointing:
        base.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        base.model.enable_input_require_grads()
    pad = base.tokenizer.pad_token_id
    precision = pick_precision(plan.precision, place.device, parameters)
    learner = Learner(model, pad_id=pad if pad is not None else base.tokenizer.eos_token_id or 0, autocast=precision)
    return _Model(
        base=base,
        learner=learner,
        longest=min(plan.max_length or LONGEST_BY_DEFAULT, window_of(base.model, base.tokenizer)),
        started=RunStarted(
            model=base.ref,
            method=plan.method,
            pid=os.getpid(),
            device=str(place.device),
            precision=str(precision or torch.float32).removeprefix("torch."),
            threads=threads,
            parameters=parameters,
            trainable=sum(one.numel() for one in learner.parameters() if one.requires_grad),
            learning_rate=plan.learning_rate or default_learning_rate(plan.method, parameters),
            processes=place.processes,
        ),
    )


def _introduce(reporter: Reporter, started: RunStarted, ready: DataReady, plan: Plan) -> None:
    reporter.tell(started)
    reporter.tell(ready)
    if plan.packing and not ready.packed:
        reporter.warn(
            "This architecture can't keep packed rows apart: they are padded instead",
            "The result is the same, and the steps take longer",
        )
    if ready.evaluation_rows == 0:
        reporter.warn(
            "No row is held out: the loss is measured on rows that are trained on, and tells nothing of others",
            "Set --eval-fraction",
        )


def _evaluator(plan: Plan, model: _Model, lesson: Lesson, place: _Place) -> Evaluator:
    learner, tokenizer, held_out = model.learner, model.base.tokenizer, lesson.held_out
    label_ids = lesson.prepared.label_ids
    exam = LabelExam(
        learner, held_out, label_ids, device=place.device, process=place.process, processes=place.processes
    )
    return Evaluator(
        learner,
        held_out,
        layout=layout_of(learner, held_out, columns=lesson.columns, packs=lesson.packs),
        device=place.device,
        generic=generic_rows(plan, tokenizer, model.longest - learner.virtual_tokens),
        accuracy=exam.accuracy,
        probes=choose_probes(plan.probes, held_out, tokenizer),
        probe_tokens=plan.probe_tokens,
        tokenizer=tokenizer,
        seed=plan.seed,
        process=place.process,
        processes=place.processes,
    )


def _teacher(
    run: RunFolder,
    plan: Plan,
    model: _Model,
    lesson: Lesson,
    *,
    reporter: Reporter,
    evaluator: Evaluator,
    place: _Place,
) -> Teacher:
    arguments = training_arguments(
        plan,
        run,
        learning_rate=model.started.learning_rate,
        total_steps=lesson.batches.total_steps,
        accumulation=lesson.accumulation,
        use_cpu=place.device.type == "cpu",
    )
    return Teacher(
        model.learner,
        batches=lesson.batches,
        arguments=arguments,
        reporter=reporter,
        evaluator=evaluator,
        run=run,
        plan=plan,
        tokenizer=model.base.tokenizer,
        template=lesson.prepared.template,
    )
