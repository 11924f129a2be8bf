"""What is said of a loaded model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from engine.models import LocalModel
from engine.models.folder import CONTEXT_FIELDS
from engine.protocol import ModelInfo
from engine.templates.writing import read_travelling

_CONTEXT_WHERE_UNLIMITED = 8192
"""For architectures without positions, whose config names no window."""
_NO_LIMIT = 1_000_000_000


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """The weights, as they are in memory."""

    parameters: int
    size_bytes: int
    device: str
    dtype: str


def describe(
    local: LocalModel, config: Any, tokenizer: Any, placement: Placement, *, taken_tokens: int = 0
) -> ModelInfo:
    """Say what was loaded; `taken_tokens` of its window are a soft prompt's."""
    text_config = config.get_text_config()
    template = chat_template(tokenizer)
    return ModelInfo(
        ref=local.ref,
        name=local.name,
        architecture=str(config.model_type),
        kind="instruct" if template else "base",
        parameters=placement.parameters,
        size_bytes=placement.size_bytes,
        context_tokens=_context_tokens(text_config, tokenizer) - taken_tokens,
        vocabulary=int(text_config.vocab_size),
        device=placement.device,
        dtype=placement.dtype,
        chat_template=template,
        bos_token=tokenizer.bos_token or "",
        eos_token=tokenizer.eos_token or "",
        template=read_travelling(local.trained),
    )


def chat_template(tokenizer: Any) -> str:
    """The tokenizer's chat template, empty where it has none; of several the one called default."""
    template = getattr(tokenizer, "chat_template", None)
    if isinstance(template, dict):
        template = template.get("default")
    return template if isinstance(template, str) else ""


def end_ids(folder: Path, config: Any, tokenizer: Any) -> frozenset[int]:
    """The tokens that end a reply: of generation_config.json, of the config, and the tokenizer's."""
    ids: set[int] = set()
    for source in (_generation(folder).get("eos_token_id"), config.get_text_config().eos_token_id):
        ids |= {source} if isinstance(source, int) else set(source or ())
    if tokenizer.eos_token_id is not None:
        ids.add(tokenizer.eos_token_id)
    return frozenset(ids)


def _generation(folder: Path) -> dict[str, Any]:
    try:
        values = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _context_tokens(config: Any, tokenizer: Any) -> int:
    for field in CONTEXT_FIELDS:
        value = getattr(config, field, None)
        if isinstance(value, int) and value > 0:
            return value
    longest = tokenizer.model_max_length
    return int(longest) if longest < _NO_LIMIT else _CONTEXT_WHERE_UNLIMITED
