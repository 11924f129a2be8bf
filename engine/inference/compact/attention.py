"""Causal attention of new tokens to all that are held."""

from __future__ import annotations

from typing import Protocol

import torch
from torch.nn import functional

from engine.inference.compact.keys import Array, Keys
from engine.inference.compact.matrices import Storage

_BLOCK = 64
"""Queries that are computed together: what comes after the last of them is not even multiplied."""


class RowAttention(Protocol):
    """Writes the keys and values of one token, and attends to all that are held."""

    def __call__(self, queries: Array, new_keys: Array, new_values: Array, keys: Keys, layer: int) -> torch.Tensor:
        """From queries `(H, D)`, keys and values `(K, D)` to `(1, H * D)`."""


def attention_of_a_row(storage: Storage) -> RowAttention | None:
    """The quickest way for one token; None is `attend`, which spares who has no int8 the import of Numba."""
    if storage != "int8":
        return None
    from engine.inference.compact.row_attention import attend_row

    return attend_row


def attend(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Let the last T tokens look at themselves and at what came before.

    Args:
        queries: `(H, T, D)`.
        keys: `(1, K, S, D)`, of which the last T are those of the queries; each of the K heads serves H / K queries.
        values: `(1, K, S, D)`.

    Returns:
        `(T, H * D)`.
    """
    heads, tokens, width = queries.shape
    key_heads, held = keys.shape[1], keys.shape[2]
    if tokens == 1:
        # The queries that share a key head are rows of one product.
        grouped = queries.reshape(1, key_heads, heads // key_heads, width)
        return functional.scaled_dot_product_attention(grouped, keys, values).reshape(1, heads * width)
    if key_heads != heads:
        keys = keys.repeat_interleave(heads // key_heads, dim=1)
        values = values.repeat_interleave(heads // key_heads, dim=1)
    seen = torch.empty(tokens, heads, width)
    for start in range(0, tokens, _BLOCK):
        block = queries[None, :, start : start + _BLOCK]
        end = held - tokens + start + block.shape[2]
        mask = torch.ones(block.shape[2], end, dtype=torch.bool).tril(end - block.shape[2])
        part = functional.scaled_dot_product_attention(block, keys[:, :, :end], values[:, :, :end], attn_mask=mask)
        seen[start : start + _BLOCK] = part[0].transpose(0, 1)
    return seen.view(tokens, heads * width)
