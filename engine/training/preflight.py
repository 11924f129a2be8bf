"""A rehearsal before the real start: what a step takes, what a save takes, and whether it all fits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import torch

from engine.errors import Failed
from engine.figures import human_bytes, human_duration, plural
from engine.inference.runtime import free_memory_bytes, is_out_of_memory
from engine.protocol import Template
from engine.runs.events import PreflightDone
from engine.runs.folder import RunFolder
from engine.runs.plan import Plan
from engine.training import checkpoints
from engine.training.disk import free_bytes, is_disk_full
from engine.training.learner import Learner
from engine.training.machine import peak_memory_bytes
from engine.training.rows import Pack, Rows

_STEPS = 2
_LONGEST_ROWS = 1000
_BYTES_A_LEARNED_NUMBER = 12
"""A gradient and AdamW's two moments, in float32."""
_DISK_RESERVE = 1.1


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What is rehearsed."""

    plan: Plan
    run: RunFolder
    learner: Learner
    tokenizer: Any
    template: Template | None
    rows: Rows
    lengths: Sequence[int]
    columns: int
    """Of a pack."""
    packs: int
    """In a batch."""
    accumulation: int
    total_steps: int
    evaluations: int
    evaluation_s: float
    """How long the first one took."""
    device: torch.device


class DoesNotFit(Failed):
    """The preflight found that memory or disk is too small."""

    code = "does-not-fit"


def rehearse(rehearsal: Rehearsal) -> PreflightDone:
    """Take two steps on the longest rows and save once; the weights, and what is random, stay as they were.

    Raises:
        DoesNotFit: Memory ran out.
    """
    _check_memory(rehearsal)
    states = checkpoints.random_states()
    try:
        optimizer, seconds = _steps(rehearsal)
        size, save_s = _save(rehearsal, optimizer)
    except Exception as error:
        if is_out_of_memory(error):
            raise DoesNotFit(
                f"A step on {plural(rehearsal.columns * rehearsal.packs, 'token')} does not fit into memory",
                _smaller(rehearsal.plan),
            ) from error
        raise
    finally:
        checkpoints.set_random_states(states)
        rehearsal.learner.zero_grad(set_to_none=True)
    plan, device = rehearsal.plan, rehearsal.device
    count = plan.keep_last + plan.keep_best
    step_s = seconds * rehearsal.accumulation
    eta_s = rehearsal.total_steps * step_s + rehearsal.evaluations * (rehearsal.evaluation_s + save_s)
    free = free_bytes(rehearsal.run.path)
    needed = size * (count + 1) * _DISK_RESERVE  # one more while the newest is written
    return PreflightDone(
        peak_memory_bytes=peak_memory_bytes(device),
        free_memory_bytes=free_memory_bytes(device),
        seconds_per_step=step_s,
        eta_s=eta_s,
        checkpoint_bytes=size,
        checkpoints=count,
        free_disk_bytes=free,
        fits=needed <= free,
        words=_words(rehearsal, step_s=step_s, eta_s=eta_s, size=size, count=count, free=free, fits=needed <= free),
    )


def _check_memory(rehearsal: Rehearsal) -> None:
    """Refuse what can't fit before it is tried: Linux promises memory that is not there, and then kills."""
    learned = sum(one.numel() for one in rehearsal.learner.parameters() if one.requires_grad)
    needed, free = learned * _BYTES_A_LEARNED_NUMBER, free_memory_bytes(rehearsal.device)
    if needed > free:
        there = f"{human_bytes(needed)} of memory, and {human_bytes(free)} are free"
        raise DoesNotFit(f"Gradients and the optimiser's state take {there}", _smaller(rehearsal.plan))


def _steps(rehearsal: Rehearsal) -> tuple[torch.optim.Optimizer, float]:
    """Two steps at a learning rate of 0, with all the memory that real ones take; the seconds are the second's."""
    learner = rehearsal.learner
    packs = _fullest(rehearsal)
    parameters = [one for one in learner.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=0.0, weight_decay=0.0, fused=rehearsal.device.type in ("cpu", "cuda"))
    learner.train()
    seconds = 0.0
    for _ in range(_STEPS):
        began_s = time.monotonic()
        batch = {name: tensor.to(rehearsal.device) for name, tensor in learner.collate(packs).items()}
        learner(**batch).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds = time.monotonic() - began_s
    return optimizer, seconds


def _fullest(rehearsal: Rehearsal) -> list[Pack]:
    """A batch of the longest rows, as full as any can be."""
    waiting = sorted(range(len(rehearsal.lengths)), key=lambda place: -rehearsal.lengths[place])[:_LONGEST_ROWS]
    made: list[Pack] = []
    while waiting and len(made) < rehearsal.packs:
        room, taken = rehearsal.columns, list[int]()
        for place in waiting:
            if rehearsal.lengths[place] <= room:
                taken.append(place)
                room -= rehearsal.lengths[place]
        taken = taken or waiting[:1]
        waiting = [place for place in waiting if place not in taken]
        made.append([rehearsal.rows[place] for place in taken])
    return made


def _save(rehearsal: Rehearsal, optimizer: torch.optim.Optimizer) -> tuple[int, float]:
    folder = rehearsal.run.path / ".preflight"
    began_s = time.monotonic()
    snapshot = checkpoints.Snapshot(
        model=rehearsal.learner.model,
        tokenizer=rehearsal.tokenizer,
        template=rehearsal.template,
        optimizer=optimizer,
        scheduler=torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0),
        progress=checkpoints.Progress(),
        save_trainer_state=lambda path: None,
    )
    checkpoints.remove(folder)
    folder.mkdir()
    try:
        checkpoints.write_shared(folder, snapshot)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    except Exception as error:
        if is_disk_full(error, rehearsal.run.path):
            raise DoesNotFit(
                f"The disk has no room for one checkpoint: {human_bytes(free_bytes(rehearsal.run.path))} are free",
                f"Make room, or set TUNESMITH_HOME to a larger disk; {_lora_hint(rehearsal.plan)}",
            ) from error
        raise
    finally:
        checkpoints.remove(folder)
    return size, time.monotonic() - began_s


def _words(rehearsal: Rehearsal, *, step_s: float, eta_s: float, size: int, count: int, free: int, fits: bool) -> str:
    peak = human_bytes(peak_memory_bytes(rehearsal.device))
    words = (
        f"At most {peak} of memory; {step_s:.2g} s a step, {human_duration(eta_s)} for "
        f"{plural(rehearsal.total_steps, 'step')}. "
        f"A checkpoint takes {human_bytes(size)}; {count} are kept, and {human_bytes(free)} are free."
    )
    if fits:
        return words
    return f"{words} That is too little: make room, or keep fewer checkpoints; {_lora_hint(rehearsal.plan)}"


def _smaller(plan: Plan) -> str:
    ways = ["fewer tokens at once (pack_tokens)", "shorter rows (--max-length)"]
    if not plan.gradient_checkpointing:
        ways.insert(0, "gradient checkpointing")
    if plan.method == "full":
        ways.insert(0, "--method lora")
    return f"Try {', '.join(ways[:-1])} or {ways[-1]}"


def _lora_hint(plan: Plan) -> str:
    return "--method lora saves far less" if plan.method == "full" else "or take a smaller model"
