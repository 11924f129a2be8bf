"""The classes that a screen's size gives it."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def take_size(screen: Screen[Any]) -> None:
    """Give a screen the classes of its size before it has children.

    Textual does so at the first resize, after which all of the screen is styled anew: a sixth of what opening it takes.
    """
    app = screen.app
    for length, breakpoints in (
        (app.size.width, screen.HORIZONTAL_BREAKPOINTS or app.HORIZONTAL_BREAKPOINTS or []),
        (app.size.height, screen.VERTICAL_BREAKPOINTS or app.VERTICAL_BREAKPOINTS or []),
    ):
        fitting = [name for least, name in sorted(breakpoints) if length >= least]
        screen.add_class(*fitting[-1:], update=False)
