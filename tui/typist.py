"""Somebody who types: when a key came last, and when what it did can be seen."""

from __future__ import annotations

from collections.abc import Callable


class Typist:
    """Told by whoever takes the keys in; asked by those whose drawing would hold the next key up."""

    def __init__(self) -> None:
        """Begin with nobody at the keys."""
        self.last_key_s = float("-inf")
        """When a letter came last, on the event loop's clock; minus infinity where another key came since."""
        self._watchers: list[Callable[[], object]] = []

    def watch(self, key_seen: Callable[[], object]) -> None:
        """Have a function called each time that what a key did has been painted."""
        self._watchers.append(key_seen)

    def key_came(self, now_s: float, *, writes: bool) -> None:
        """A key came.

        Args:
            now_s: When, on the event loop's clock.
            writes: It is one of those that come one after the other, a letter or a step of the cursor. Whoever presses
                another one waits for what it does: the end of a reply, or the first word of the next.
        """
        self.last_key_s = now_s if writes else float("-inf")

    def key_seen(self) -> None:
        """What a key did is on the screen."""
        for key_seen in self._watchers:
            key_seen()
