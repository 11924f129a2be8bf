"""Lines of the lab's table as pieces of text with a look, each line exactly as wide as its column."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tui.state.lab_cells import Face, Look

Piece = tuple[str, Look]
Line = tuple[Piece, ...]
_LONGEST_FACTOR = 3
"""Text beyond so many times the room of a cell is not laid out."""


def cell_lines(face: Face, width: int, height: int) -> tuple[Line, ...]:
    """A cell of `width` by `height`: its sign, whether it is right, and as many words as there is room for."""
    sign_look: Look = face.look if face.look in ("running", "failed", "quiet") else "mark"
    verdict: tuple[Piece, ...] = ((f"{face.verdict} ", face.look),) if face.verdict else ()
    lead = 2 + sum(cell_len(text) for text, _ in verdict)
    look: Look = face.look if face.look in ("quiet", "failed", "running") else ""
    first, *more = _wrapped(face.words, max(1, width - lead - 1), height)
    lines: list[Line] = [((f"{face.sign} ", sign_look), *verdict, (_fit(first, width - lead), look))]
    lines += [(("  ", ""), (_fit(words, width - 2), look)) for words in more]
    return tuple(lines)


def text_lines(text: str, width: int, height: int, look: Look = "") -> tuple[Line, ...]:
    """Plain words in a cell."""
    return tuple(((_fit(words, width), look),) for words in _wrapped(text, max(1, width - 1), height))


def one_line(pieces: Sequence[Piece], width: int) -> Line:
    """Pieces on one line; the last one is cut or padded to the width."""
    *before, (text, look) = pieces
    taken = sum(cell_len(words) for words, _ in before)
    if taken >= width:
        return ((_fit("".join(words for words, _ in pieces), width), look),)
    return (*before, (_fit(text, width - taken), look))


def _wrapped(text: str, width: int, height: int) -> list[str]:
    if height == 1:
        return [text]
    shown = text[: width * height * _LONGEST_FACTOR]
    lines = [line.plain for line in Content(shown).wrap(width)][:height] if shown else []
    if len(lines) == height and cell_len(shown) > sum(map(cell_len, lines)) + height:
        lines[-1] = f"{lines[-1][: width - 1]}…"
    return lines + [""] * (height - len(lines))


def _fit(text: str, width: int) -> str:
    """Exactly so wide; what is cut off leaves an ellipsis, and the last cell is blank, as a gap."""
    if width <= 0:
        return ""
    room = max(1, width - 1)
    if cell_len(text) > room:
        text = f"{set_cell_size(text, room - 1)}…"
    return set_cell_size(text, width)
