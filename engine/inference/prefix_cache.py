"""The key-value cache of the last prompt and reply, so that the next prompt pays only for what is new in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any


class PrefixCache:
    """A cache of transformers, and the ids whose keys and values it holds."""

    def __init__(self, make: Callable[[], Any]) -> None:
        """Begin empty.

        Args:
            make: Makes an empty cache that fits the model.
        """
        self._make = make
        self._ids: list[int] = []
        self.cache = make()

    def __len__(self) -> int:
        return len(self._ids)

    def common_prefix(self, ids: Sequence[int], *, whole: bool = False) -> int:
        """How many of these ids need no computing, were `rewind` called.

        Args:
            ids: A prompt.
            whole: All may be kept. Else the last is computed again, as it yields the logits.
        """
        count = self._matching(ids, len(ids) if whole else len(ids) - 1)
        return count if self._can_drop(len(self._ids) - count) else 0

    def rewind(self, ids: Sequence[int], *, whole: bool = False) -> int:
        """Keep what these ids begin with, and forget the rest.

        Args:
            ids: A prompt.
            whole: As for `common_prefix`.

        Returns:
            How many are kept; 0 where the cache can't be shortened, such as one with a sliding window.
        """
        count = self.common_prefix(ids, whole=whole)
        dropped = len(self._ids) - count
        if count == 0:
            self.clear()
        elif dropped:
            try:
                self.cache.crop(-dropped)
            except (RuntimeError, NotImplementedError, ValueError):
                self.clear()
                return 0
            del self._ids[count:]
        return count

    def grew(self, ids: Iterable[int]) -> None:
        """Note that the model has put these into the cache."""
        self._ids.extend(ids)

    def clear(self) -> None:
        """Forget all, and give the memory back."""
        self._ids = []
        self.cache = self._make()

    def _matching(self, ids: Sequence[int], limit: int) -> int:
        limit = min(len(self._ids), limit)
        for index in range(limit):
            if self._ids[index] != ids[index]:
                return index
        return max(0, limit)

    def _can_drop(self, count: int) -> bool:
        if count == 0:
            return True
        if not getattr(self.cache, "is_croppable", True):
            return False
        return not any(_window_is_full(layer, len(self._ids)) for layer in getattr(self.cache, "layers", ()))


def _window_is_full(layer: Any, length: int) -> bool:
    """Whether a sliding window has already lost keys that a shorter text would need."""
    return bool(getattr(layer, "is_sliding", False)) and length >= int(layer.sliding_window)
