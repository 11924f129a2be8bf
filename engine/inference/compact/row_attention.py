"""Attention of one token, which reads keys and values as fast as the memory gives them."""

from __future__ import annotations

import torch

from engine.inference.compact import kernels
from engine.inference.compact.keys import Array, Keys


def attend_row(queries: Array, new_keys: Array, new_values: Array, keys: Keys, layer: int) -> torch.Tensor:
    """Write one token behind what is held, and let it look at all of it.

    Args:
        queries: `(H, D)`.
        new_keys: `(K, D)`; each of the K heads serves H / K queries.
        new_values: `(K, D)`.
        keys: There is room for it.
        layer: Of these keys.

    Returns:
        `(1, H * D)`.
    """
    heads, width = queries.shape
    grouped = (new_keys.shape[0], heads // new_keys.shape[0], width)
    seen = torch.empty(1, heads * width)
    kernels.attend_row(
        queries.reshape(grouped), new_keys, new_values, *keys.room(layer), len(keys), seen.numpy().reshape(grouped)
    )
    return seen
