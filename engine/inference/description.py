"""What is said of a loaded model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from engine.inference.compact import read_architecture
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


class ConfigFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a model by its config."""

    architecture: str
    vocabulary: int
    context_tokens: int
    """0 where it names no window."""
    end_ids: frozenset[int]


def facts_of(config: Any) -> ConfigFacts:
    """Read a config of transformers."""
    text_config = config.get_text_config()
    windows = (getattr(text_config, field, None) for field in CONTEXT_FIELDS)
    return ConfigFacts(
        architecture=str(config.model_type),
        vocabulary=int(text_config.vocab_size),
        context_tokens=next((value for value in windows if isinstance(value, int) and value > 0), 0),
        end_ids=_ids(text_config.eos_token_id),
    )


def facts_of_file(raw: Mapping[str, Any]) -> ConfigFacts | None:
    """Read a config.json of an architecture that is built here, as transformers would; None for all others."""
    shape = read_architecture(raw)
    if shape is None or "eos_token_id" not in raw:
        return None
    return ConfigFacts(
        architecture=str(raw["model_type"]),
        vocabulary=shape.vocabulary,
        context_tokens=shape.context,
        end_ids=_ids(raw["eos_token_id"]),
    )


def describe(
    local: LocalModel, config: ConfigFacts, tokenizer: Any, placement: Placement, *, taken_tokens: int = 0
) -> ModelInfo:
    """Say what was loaded; `taken_tokens` of its window are a soft prompt's."""
    template = chat_template(tokenizer)
    return ModelInfo(
        ref=local.ref,
        name=local.name,
        architecture=config.architecture,
        kind="instruct" if template else "base",
        parameters=placement.parameters,
        size_bytes=placement.size_bytes,
        context_tokens=_context_tokens(config, tokenizer) - taken_tokens,
        vocabulary=config.vocabulary,
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


def end_ids(folder: Path, config: ConfigFacts, tokenizer: Any) -> frozenset[int]:
    """The tokens that end a reply: of generation_config.json, of the config, and the tokenizer's."""
    return _ids(_generation(folder).get("eos_token_id")) | config.end_ids | _ids(tokenizer.eos_token_id)


def _ids(source: Any) -> frozenset[int]:
    return frozenset({source} if isinstance(source, int) else source or ())


def _generation(folder: Path) -> dict[str, Any]:
    try:
        values = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _context_tokens(config: ConfigFacts, tokenizer: Any) -> int:
    if config.context_tokens:
        return config.context_tokens
    longest = tokenizer.model_max_length
    return int(longest) if longest < _NO_LIMIT else _CONTEXT_WHERE_UNLIMITED
