"""What one rendering may cost: time, memory and output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

RENDER_TIMEOUT_S = 1.0
"""Real templates take milliseconds; this is for those that would never end."""
OUTPUT_CHARACTERS = 2_000_000
"""How long a rendering may be, beside four times what went in."""
WORK_BYTES = 256_000_000
"""How much text and how many list elements may be made on the way, all together; it bounds memory too."""
MAX_ITEMS = 100_000
"""The longest range, and the most items that one lazy filter may yield."""
MAX_INTEGER_BITS = 4096
_ITEM_BYTES = 16
_UNITS_PER_ITEM = 8
"""An element of a list takes longer to look at than a character of a text."""
_MAX_DEPTH = 50


class LimitReached(Exception):
    """A template wanted more than a rendering may cost; the text says of what."""


class Budget:
    """The cost of one rendering, as it grows."""

    def __init__(self, clock: Callable[[], float], timeout_s: float = RENDER_TIMEOUT_S, input_characters: int = 0):
        """Start counting now.

        Args:
            clock: Seconds that only go forward.
            timeout_s: How long the rendering may take.
            input_characters: The length of all turns and variables; long conversations may have long renderings.
        """
        self._clock = clock
        self._timeout_s = timeout_s
        self._deadline = clock() + timeout_s
        self.max_units = OUTPUT_CHARACTERS + 4 * input_characters
        self._work_left = WORK_BYTES + 64 * input_characters
        self._emit_left = 4 * self.max_units
        self._sizes: dict[int, tuple[Any, int]] = {}

    def tick(self) -> None:
        """Note that time passes."""
        if self._clock() > self._deadline:
            raise LimitReached(f"it takes longer than {self._timeout_s:g} s")

    def emit(self, characters: int) -> None:
        """Count output, also that of macros and blocks, which may not reach the page."""
        self.tick()
        self._emit_left -= characters
        if self._emit_left < 0:
            raise LimitReached(f"it writes more than {self.max_units:,} characters")

    def foresee(self, units: int) -> None:
        """Refuse a text or list before it is made."""
        self.tick()
        if units > self.max_units:
            raise LimitReached(f"it makes a text or list of more than {self.max_units:,} characters or elements")

    def admit(self, value: Any, size: int | None = None) -> Any:
        """Count a value that an operation, call or filter has made, and hand it back.

        Args:
            value: What was made.
            size: What `measure` would find, where it is known already.
        """
        self.tick()
        if isinstance(value, str):
            self.foresee(len(value))
            self._work_left -= value.__sizeof__()
        elif isinstance(value, int):
            if value.bit_length() > MAX_INTEGER_BITS:
                raise LimitReached("it makes a number of more than a thousand digits")
        elif isinstance(value, list | tuple | dict | set | frozenset):
            self.foresee(len(value) * _UNITS_PER_ITEM)
            if size is not None:
                self._sizes[id(value)] = (value, size)
            self.foresee(self.measure(value))
            self._work_left -= _ITEM_BYTES * len(value)
        if self._work_left < 0:
            raise LimitReached("it makes too much text on the way")
        return value

    def watched(self, items: Iterator[Any]) -> Iterator[Any]:
        """The items of a lazy value, each of them counted."""
        for count, item in enumerate(items):
            self.tick()
            self._work_left -= _ITEM_BYTES
            if count >= MAX_ITEMS:
                raise LimitReached(f"it walks over more than {MAX_ITEMS:,} items")
            yield item

    def measure(self, value: Any, depth: int = 0) -> int:
        """The size of a value in characters and elements, with parts that occur twice counted twice.

        Lists and dicts can't be changed by a template, so that each is measured once. Whatever compares, prints or
        hashes a value takes time in proportion to this.
        """
        if isinstance(value, str):
            return len(value) + 1
        if not isinstance(value, list | tuple | dict | set | frozenset):
            return 1
        known = self._sizes.get(id(value))
        if known is not None:
            return known[1]
        if depth > _MAX_DEPTH:
            raise LimitReached(f"it nests lists more than {_MAX_DEPTH} deep")
        self.tick()
        size = 1
        for item in value:
            size += self.measure(item, depth + 1)
        if isinstance(value, dict):
            for item in value.values():
                size += self.measure(item, depth + 1)
        self._sizes[id(value)] = (value, size)
        return size
