"""Keys and values of what was seen, in memory that was allocated beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from engine.inference.compact.architecture import Architecture

Array = np.ndarray[Any, Any]

_FIRST_TOKENS = 1024
"""Room at the beginning; it doubles when it is full, up to the window."""


class Keys:
    """For each layer keys and values `(1, K, C, D)`: K key heads, C tokens of room, D numbers of each head."""

    def __init__(self, architecture: Architecture) -> None:
        """Begin empty.

        Args:
            architecture: Its window bounds how far this grows.
        """
        self._architecture = architecture
        self.ids: list[int] = []
        """The tokens whose keys and values are held."""
        self._room = 0
        self._pairs: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._arrays: list[tuple[Array, Array]] = []

    def __len__(self) -> int:
        return len(self.ids)

    def reserve(self, tokens: int) -> None:
        """Make room for so many tokens in all.

        Raises:
            ValueError: The window is smaller.
        """
        shape = self._architecture
        if tokens > shape.context:
            raise ValueError(f"{tokens} tokens are more than the window's {shape.context}")
        if tokens <= self._room:
            return
        room = min(shape.context, max(tokens, 2 * self._room, _FIRST_TOKENS))
        held, pairs = len(self), []
        for layer in range(shape.layers):
            pair = tuple(torch.empty(1, shape.key_heads, room, shape.head_width) for _ in range(2))
            if self._pairs:
                for new, before in zip(pair, self._pairs[layer], strict=True):
                    new[:, :, :held] = before[:, :, :held]
            pairs.append((pair[0], pair[1]))
        self._pairs, self._room = pairs, room
        self._arrays = [(pair[0][0].numpy(), pair[1][0].numpy()) for pair in pairs]

    def room(self, layer: int) -> tuple[Array, Array]:
        """All memory for the keys and the values of a layer, `(K, C, D)` each, as arrays of numpy."""
        return self._arrays[layer]

    def put(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Write behind what is held, and read all of it.

        Args:
            layer: Which.
            keys: `(K, T, D)`; there is room for them.
            values: `(K, T, D)`.

        Returns:
            Keys and values, each `(1, K, held + T, D)`; they are held once `grew` is called.
        """
        start = len(self.ids)
        end = start + keys.shape[1]
        all_keys, all_values = self._pairs[layer]
        all_keys[0, :, start:end] = keys
        all_values[0, :, start:end] = values
        return all_keys[:, :, :end], all_values[:, :, :end]

    def grew(self, ids: Sequence[int]) -> None:
        """Every layer has written these."""
        self.ids.extend(ids)

    def common_prefix(self, ids: Sequence[int]) -> int:
        """How many of these ids are held, from the first on."""
        limit = min(len(self.ids), len(ids))
        return next((place for place in range(limit) if self.ids[place] != ids[place]), limit)

    def shorten(self, tokens: int) -> None:
        """Keep the first so many."""
        del self.ids[tokens:]

    def clear(self) -> None:
        """Forget all, and give the memory back."""
        self.ids, self._pairs, self._arrays, self._room = [], [], [], 0
