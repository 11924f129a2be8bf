"""How many tokens a batch may hold: its keys and values are what fills the memory."""

from __future__ import annotations

from typing import Any

from engine.inference.runtime import free_memory_bytes

_SHARE = 0.25
"""Of the memory that is free; twice as much is needed for a moment where a cache is copied as it grows."""
_MOST_BYTES = 2 * 1024**3
_LEAST_TOKENS = 1024


def batch_tokens(model: Any) -> int:
    """How many tokens the rows of a batch may have together, prompts and replies."""
    free = free_memory_bytes(model.device)
    return max(_LEAST_TOKENS, int(min(_MOST_BYTES, _SHARE * free)) // token_bytes(model))


def token_bytes(model: Any) -> int:
    """What the keys and values of one token take, by the numbers of the model's config."""
    config = model.config.get_text_config()
    heads = int(config.num_attention_heads)
    width = getattr(config, "head_dim", None) or int(config.hidden_size) // heads
    kept = getattr(config, "num_key_value_heads", None) or heads
    return max(1, 2 * int(config.num_hidden_layers) * int(kept) * int(width) * int(model.dtype.itemsize))
