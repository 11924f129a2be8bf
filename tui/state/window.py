"""Which turns of a conversation are mounted: arithmetic only, so that a long one costs no more than a short one."""

from __future__ import annotations

import msgspec

WINDOW_TURNS = 40
"""How many turns are mounted to begin with."""
STEP_TURNS = 20
"""How many come in when the reader nears an end."""
MOST_TURNS = 60
"""More than this and the far end goes."""


class Window(msgspec.Struct, frozen=True):
    """The turns `start <= index < stop`."""

    start: int = 0
    stop: int = 0

    def __len__(self) -> int:
        """How many turns are inside."""
        return self.stop - self.start

    def __contains__(self, index: int) -> bool:
        """Is this turn inside."""
        return self.start <= index < self.stop


def newest(total: int) -> Window:
    """The window at the end of a conversation of `total` turns."""
    return Window(max(0, total - WINDOW_TURNS), total)


def around(index: int, total: int) -> Window:
    """A window with a turn in its middle, or as near to it as the ends allow."""
    start = max(0, min(index - WINDOW_TURNS // 2, total - WINDOW_TURNS))
    return Window(start, min(total, start + WINDOW_TURNS))


def earlier(window: Window, seen: Window) -> Window:
    """Let older turns in; the newest go where there are too many, but none that is `seen`."""
    start = max(0, window.start - STEP_TURNS)
    return Window(start, min(window.stop, max(start + MOST_TURNS, seen.stop)))


def later(window: Window, total: int, seen: Window) -> Window:
    """Let newer turns in; the oldest go where there are too many, but none that is `seen`."""
    stop = min(total, window.stop + STEP_TURNS)
    return Window(max(window.start, min(stop - MOST_TURNS, seen.start)), stop)


def refitted(window: Window, before: int, total: int, *, following: bool) -> Window:
    """The window once a conversation of `before` turns has `total`.

    At the end it takes new turns in: for ever while the reader follows, dropping the oldest in steps; until it is full
    while they read further up. Elsewhere it stays, as far as there still are turns.
    """
    if total <= window.start:
        return newest(total)
    if total <= window.stop:
        return Window(min(window.start, max(0, total - STEP_TURNS)), total)
    if window.stop < before:
        return window
    if following:
        return Window(window.start, total) if total - window.start <= MOST_TURNS else newest(total)
    return Window(window.start, max(window.stop, min(total, window.start + MOST_TURNS)))
