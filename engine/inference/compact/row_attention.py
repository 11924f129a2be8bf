"""Attention of one token, which reads keys and values as fast as the memory gives them."""

from __future__ import annotations

import math

import torch

from engine.inference.compact import kernels
from engine.inference.compact.kernels import Array


def attend_row(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Let one token look at itself and at what came before.

    Args:
        queries: `(K, G, D)`: G of them share each of the K key heads.
        keys: `(K, S, D)`, a part of the room that `Keys` has.
        values: `(K, S, D)`, likewise.

    Returns:
        `(K, G, D)`.
    """
    heads, group, width = queries.shape
    likenesses = torch.empty(heads, group, keys.shape[1])
    kernels.compare(queries.numpy(), _room(keys), 1 / math.sqrt(width), likenesses.numpy())
    seen = torch.empty(queries.shape)
    kernels.mix(torch.softmax(likenesses, 2).numpy(), _room(values), seen.numpy())
    return seen


def _room(held: torch.Tensor) -> Array:
    """All the room `(K, C, D)` that a part `(K, S, D)` was taken from: without gaps a loop needs no strides."""
    heads, _, width = held.shape
    whole = held.stride(0)
    return held.as_strided((heads, whole // width, width), (whole, width, 1)).numpy()
