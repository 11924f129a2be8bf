"""How much of a model a token needs: what is read from memory for it, and what is multiplied."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec
from safetensors import safe_open

_NOT_READ_WHOLE = ("wpe", "embed_tokens")
"""Tables of which one row is read for a token."""


class Footprint(msgspec.Struct, frozen=True):
    """Counts of numbers, whatever they are kept in."""

    matrices: int
    """Weights in all matrices that a token is multiplied by, the output head among them."""
    head: int
    """Weights in the output head."""
    layers: int
    keys: int
    """Keys, and as many values, of one token in one layer."""
    queries: int
    """Numbers of all the queries of one token in one layer."""
    window: int
    vocabulary: int

    def read_bytes(self, context: int, weight_bytes: float, key_bytes: float) -> float:
        """What a token reads behind so many others."""
        return self.matrices * weight_bytes + 2 * self.layers * self.keys * context * key_bytes

    def prompt_operations(self, tokens: int) -> float:
        """Multiplications and additions to take in a prompt, its attention causal, the head for its last token."""
        products = 2.0 * (self.matrices - self.head) * tokens + 2.0 * self.head
        return products + 2.0 * self.layers * self.queries * tokens * (tokens + 1)


def footprint(folder: Path) -> Footprint:
    """Count those of a model as save_pretrained writes it: GPT-2, or of the Llama family."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="numpy") as opened:
            for name in opened.keys():  # noqa: SIM118 - it is no mapping
                shapes[name] = tuple(opened.get_slice(name).get_shape())
    width, heads = _first(config, "n_embd", "hidden_size"), _first(config, "n_head", "num_attention_heads")
    head_width = config.get("head_dim") or width // heads
    vocabulary = config["vocab_size"]
    matrices = sum(
        math.prod(shape)
        for name, shape in shapes.items()
        if len(shape) == 2 and not any(table in name for table in (*_NOT_READ_WHOLE, "wte", "lm_head"))
    )
    return Footprint(
        matrices=matrices + vocabulary * width,
        head=vocabulary * width,
        layers=_first(config, "n_layer", "num_hidden_layers"),
        keys=(config.get("num_key_value_heads") or heads) * head_width,
        queries=heads * head_width,
        window=_first(config, "n_positions", "max_position_embeddings"),
        vocabulary=vocabulary,
    )


def _first(config: dict[str, Any], *names: str) -> int:
    return int(next(config[name] for name in names if name in config))
