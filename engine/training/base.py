"""The model that a run starts from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import torch

from engine.errors import Misuse
from engine.inference.adapters import with_adapters
from engine.inference.conversion import as_safetensors
from engine.inference.reading import read_model, read_safe_config, read_tokenizer
from engine.models import resolve
from engine.models.records import Cancelled as IsCancelled
from engine.models.records import OnProgress, never, no_progress
from engine.paths import Paths
from engine.runs.plan import Plan


class Base(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A model and its tokenizer, on the CPU, in float32."""

    ref: str
    """Means the same from anywhere: a hub name, or an absolute path."""
    model: Any
    tokenizer: Any


def read_base(
    plan: Plan,
    paths: Paths,
    checkpoint: Path | None,
    *,
    on_fetch: OnProgress = no_progress,
    cancelled: IsCancelled = never,
) -> Base:
    """Read the model that a plan names; a hub model that is not here is downloaded.

    Args:
        plan: The plan.
        paths: The program's folders.
        checkpoint: Of a run that goes on; a full fine-tune's weights are read from it.
        on_fetch: Told how far a download has come.
        cancelled: Asked meanwhile.

    Raises:
        Cancelled: `cancelled` said so.
        ModelNotFound, LoadFailed, Refused, DownloadFailed: As of any model.
    """
    if checkpoint is not None and plan.method == "full":
        model = _weights(checkpoint, plan.model)
        return Base(ref=plan.model, model=model, tokenizer=read_tokenizer(checkpoint, plan.model))
    local = resolve(plan.model, paths=paths, on_progress=on_fetch, cancelled=cancelled)
    folder = local.folder
    if local.gguf_file is not None:
        folder = as_safetensors(local.gguf_file, paths.converted)
    model, prefix = with_adapters(_weights(folder, local.name), local.adapters)
    if prefix:
        raise Misuse(f"{plan.model} is a soft prompt, which can't be trained further", f"Train {local.folder} instead")
    # What an adapter's own file says about where it belongs.
    model.config._name_or_path = model.name_or_path = local.ref
    return Base(ref=local.ref, model=model, tokenizer=read_tokenizer(folder, local.name))


def _weights(folder: Path, name: str) -> Any:
    return read_model(folder, name, config=read_safe_config(folder, name), dtype=torch.float32)


def window_of(model: Any, tokenizer: Any) -> int:
    """How many tokens a model reads at once."""
    config = model.config.get_text_config()
    for field in ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "max_seq_len"):
        value = getattr(config, field, None)
        if isinstance(value, int) and value > 0:
            return value
    return int(min(tokenizer.model_max_length, 8192))
