"""What stands around a turn's text: the line above it with its controls, the lines beneath it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from engine.display import visible, visible_line
from tui.state.rows import wrap
from tui.state.turns import TurnLine
from tui.widgets.row_paint import Piece

TurnWish = Literal["edit", "regenerate", "continue", "copy", "older", "newer"]
"""What a person can ask for a turn."""

_CONTROLS: dict[str, tuple[tuple[str, TurnWish], ...]] = {
    "user": (("edit", "edit"), ("copy", "copy")),
    "assistant": (("edit", "edit"), ("again", "regenerate"), ("go on", "continue"), ("copy", "copy")),
    "system": (("copy", "copy"),),
}


def head_pieces(turn: TurnLine, *, revealed: bool, hot: str) -> Iterator[Piece]:
    """The line above the text: who speaks, the version where there are several, and what can be done.

    Args:
        turn: The turn.
        revealed: Show what can be done, as the mouse or the cursor is here.
        hot: The action under the mouse.
    """

    def control(text: str, wish: TurnWish) -> Piece:
        action = f"ask('{wish}')"
        return Piece(text, "hot" if action == hot else "control", action)

    yield Piece(visible_line(turn.label), f"label-{turn.role}")
    if turn.versions > 1:
        yield Piece("  ")
        yield control(" ‹ ", "older") if turn.version > 1 else Piece("   ")
        yield Piece(f"{turn.version}/{turn.versions}", "quiet")
        yield control(" › ", "newer") if turn.version < turn.versions else Piece("   ")
    if revealed:
        offered = _CONTROLS[turn.role] if not turn.live else (("copy", "copy"),)
        for number, (text, wish) in enumerate(offered):
            yield Piece("   " if number == 0 else " · ", "quiet")
            yield control(text, wish)


def foot_rows(turn: TurnLine, width: int) -> Iterator[Piece]:
    """The rows beneath the text: a note, which says what is going on or what went wrong, and the figures."""
    for text, look in ((turn.note, "waiting" if turn.live else "note"), (turn.figures, "quiet")):
        for line in visible(text).split("\n") if text else ():
            yield from (Piece(line[start:end], look) for start, end in wrap(line, width))
