"""What stands around a turn's text: the line above it with its controls, the lines beneath it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from rich.cells import cell_len

from engine.display import visible, visible_line
from tui.state.rows import wrap
from tui.state.turns import TurnLine
from tui.widgets.row_paint import Piece

TurnWish = Literal["edit", "regenerate", "continue", "copy", "older", "newer"]
"""What a person can ask for a turn."""

_BETWEEN = " · "
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
    look = "waiting" if turn.live else "note"
    for line in visible(turn.note).split("\n") if turn.note else ():
        yield from (Piece(line[start:end], look) for start, end in wrap(line, width))
    for line in figure_lines(visible_line(turn.figures), width) if turn.figures else ():
        yield from (Piece(line[start:end], "quiet") for start, end in wrap(line, width))


def figure_lines(figures: str, width: int) -> list[str]:
    """Lay figures out on as few lines as they need, about equally long, so that none of them stands alone.

    Args:
        figures: As `engine.figures.figures_line` writes them; each of them stays on one line.
        width: In cells.
    """
    parts = figures.split(_BETWEEN)
    lines = _filled(parts, width)
    for narrower in range(width - 1, 0, -1) if len(lines) > 1 else ():
        evener = _filled(parts, narrower)
        if len(evener) > len(lines):
            break
        lines = evener
    return lines


def _filled(parts: Sequence[str], width: int) -> list[str]:
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]}{_BETWEEN}{part}"
        if cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines
