"""Causal attention of new tokens to all that are held."""

from __future__ import annotations

import torch
from torch.nn import functional


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
    if held == tokens:
        seen = functional.scaled_dot_product_attention(queries[None], keys, values, is_causal=True)
    else:
        mask = torch.ones(tokens, held, dtype=torch.bool).tril(held - tokens)
        seen = functional.scaled_dot_product_attention(queries[None], keys, values, attn_mask=mask)
    return seen[0].transpose(0, 1).reshape(tokens, heads * width)
