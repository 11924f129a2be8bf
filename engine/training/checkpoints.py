"""Checkpoints of a trainer: a folder that opens as a model, and beside it all that makes a resumed run the same.

model.safetensors, config.json   or adapter_model.safetensors, adapter_config.json
tokenizer.json, template.toml    what talks to it
training.pt                      optimiser and schedule, read with weights_only
random-N.pt                      random states of process N
progress.json                    what the trainer itself remembers
trainer_state.json               what transformers' Trainer remembers
checkpoint.json                  sizes and digests of all the others
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from engine.protocol import Frozen, Template
from engine.runs.checkpoints import PARTIAL_PREFIX, find_fault, list_checkpoints, publish, seal
from engine.runs.folder import RunFolder
from engine.templates.writing import TRAVELLING, write_template

TRAINING_STATE = "training.pt"
PROGRESS = "progress.json"
TRAINER_STATE = "trainer_state.json"
STATE_FILES = (TRAINING_STATE, PROGRESS, TRAINER_STATE, "checkpoint.json")
"""What a result does not need; and `random-N.pt`."""


class Progress(Frozen, frozen=True, kw_only=True):
    """What the trainer remembers beside weights, optimiser and random states."""

    step: int = 0
    best_loss: float | None = None
    best_step: int = 0
    best_accuracy: float | None = None
    best_generic_loss: float | None = None
    """Both at the best step."""
    evaluations_without_gain: int = 0
    first_loss: float | None = None
    """Held out, before the first step."""
    first_accuracy: float | None = None
    first_generic_loss: float | None = None
    seconds: float = 0.0
    """Of training so far."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What goes into a checkpoint."""

    model: Any
    tokenizer: Any
    template: Template | None
    optimizer: Any
    scheduler: Any
    progress: Progress
    save_trainer_state: Callable[[str], None]
    """Writes the state of transformers' Trainer to a path."""


def partial_folder(run: RunFolder, step: int) -> Path:
    """Where a checkpoint is written before it is whole."""
    return run.checkpoints / f"{PARTIAL_PREFIX}step-{step}"


def write_shared(folder: Path, snapshot: Snapshot) -> None:
    """Write all but the random states, which each process writes for itself.

    Raises:
        OSError, RuntimeError, SafetensorError: The disk is full or broken.
    """
    write_model(folder, snapshot.model, snapshot.tokenizer, snapshot.template)
    torch.save(
        {"optimizer": snapshot.optimizer.state_dict(), "scheduler": snapshot.scheduler.state_dict()},
        folder / TRAINING_STATE,
    )
    (folder / PROGRESS).write_bytes(msgspec.json.encode(snapshot.progress))
    snapshot.save_trainer_state(str(folder / TRAINER_STATE))


def write_model(folder: Path, model: Any, tokenizer: Any, template: Template | None) -> None:
    """Write what `from_pretrained` reads, and the template that the training used."""
    if hasattr(model, "peft_config"):
        # Left to itself PEFT asks the hub whether the vocabulary has grown.
        model.save_pretrained(folder, save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)  # an empty form
    else:
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if template is not None:
        write_template(template, folder / TRAVELLING)


def finish(run: RunFolder, partial: Path, step: int, loss: float | None, processes: int) -> int:
    """Seal a written folder and put it into its place.

    Returns:
        Its size in bytes.
    """
    manifest = seal(partial, step, loss, processes)
    publish(partial, run.checkpoint(step))
    return sum(digest.size_bytes for digest in manifest.files.values())


def remove(partial: Path) -> None:
    """Take away what was written of a checkpoint that could not be finished."""
    shutil.rmtree(partial, ignore_errors=True)


def newest_whole(run: RunFolder, warn: Callable[[str, str], None]) -> Path | None:
    """Find the newest checkpoint that is as it was written; the broken ones on the way are told of.

    Args:
        run: The run.
        warn: Called with a title and a hint for each that is damaged.
    """
    for checkpoint in reversed(list_checkpoints(run)):
        fault = find_fault(checkpoint.folder)
        if not fault:
            return checkpoint.folder
        warn(
            f"The checkpoint of step {checkpoint.step} is damaged and is not used: {fault}",
            "The one before it is used instead, where there is one",
        )
    return None


def read_progress(checkpoint: Path) -> Progress:
    """Read what the trainer remembered."""
    return msgspec.json.decode((checkpoint / PROGRESS).read_bytes(), type=Progress)


def read_training_state(checkpoint: Path, optimizer: Any, scheduler: Any) -> None:
    """Give optimiser and schedule back what they were."""
    state = torch.load(checkpoint / TRAINING_STATE, map_location="cpu", weights_only=True)
    optimizer.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["scheduler"])


def write_random_states(folder: Path, process: int) -> None:
    """Write the random states of this process."""
    torch.save(random_states(), folder / f"random-{process}.pt")


def read_random_states(checkpoint: Path, process: int) -> None:
    """Go on with the random numbers of a checkpoint; a process that was not there begins anew."""
    file = checkpoint / f"random-{process}.pt"
    if file.is_file():
        set_random_states(torch.load(file, map_location="cpu", weights_only=True))


def random_states() -> dict[str, Any]:
    """The states of every source of random numbers, in types that a safe reader accepts."""
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": [version, list(words), gauss],
        "numpy": [str(name), [int(key) for key in keys], int(position), int(has_gauss), float(cached)],
        "torch": torch.random.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_random_states(states: dict[str, Any]) -> None:
    """The reverse of `random_states`."""
    version, words, gauss = states["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, position, has_gauss, cached = states["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.random.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states["cuda"])
