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


def earlier(window: Window, *, most: int = MOST_TURNS) -> Window:
    """Let older turns in; the newest go where there would be more than `most`."""
    start = max(0, window.start - STEP_TURNS)
    return Window(start, min(window.stop, start + most))


def later(window: Window, total: int, *, most: int = MOST_TURNS) -> Window:
    """Let newer turns in; the oldest go where there would be more than `most`."""
    stop = min(total, window.stop + STEP_TURNS)
    return Window(max(window.start, stop - most), stop)


def refitted(window: Window, before: int, total: int, *, following: bool) -> Window:
    """The window once a conversation of `before` turns has `total`.

    At its end it takes new turns in: while the reader follows for ever, dropping the oldest in steps; while they
    read elsewhere until it is full. Elsewhere it stays where it is, as far as there still are turns.
    """
    if window.stop < before and window.stop <= total:
        return window
    if total <= window.start:
        return newest(total)
    if total <= window.stop:
        return Window(min(window.start, max(0, total - STEP_TURNS)), total)
    if following:
        return Window(window.start, total) if total - window.start <= MOST_TURNS else newest(total)
    return Window(window.start, max(window.stop, min(total, window.start + MOST_TURNS)))
