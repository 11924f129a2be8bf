"""Rows and pieces of text as strips: styles, selection, tab stops, and where each cell came from."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

from tui.state.rows import TAB_CELLS, Line, Row, cells

StyleOf = Callable[[str], Style]
"""The style of a look, complete with its background; the empty look is the widget's own."""


class Piece(NamedTuple):
    """A few words on a line that is not part of a turn's text."""

    text: str
    look: str = ""
    action: str = ""
    """What a click on it does, as an action of the widget; empty for nothing."""


def paint_pieces(pieces: Iterable[Piece], width: int, style_of: StyleOf) -> Strip:
    """One line of pieces, cut off where the width ends; none of it can be selected."""
    segments = [
        Segment(
            piece.text,
            style_of(piece.look) + Style.from_meta({"@click": piece.action}) if piece.action else style_of(piece.look),
        )
        for piece in pieces
    ]
    return Strip(segments).adjust_cell_length(width, style_of(""))


def paint_row(
    line: Line, row: Row, width: int, style_of: StyleOf, selection: Selection | None, *, selected: Style, tail: str = ""
) -> Strip:
    """One row of a text, `width` cells wide.

    Every segment carries the line and character it begins with, by which Textual finds what the mouse selects.

    Args:
        line: The line that the row is of.
        row: Which part of it.
        width: In cells.
        style_of: Finds styles.
        selection: What is selected of the whole text, in lines and characters.
        selected: Is laid over what is selected.
        tail: Follows the text where it ends, as a cursor.
    """
    base = style_of(line.look)
    span = selection.get_span(row.line) if selection is not None else None
    if span is not None and span[1] == -1:
        span = (span[0], len(line.text))
    indent = line.hang_cells if row.start else 0
    segments = [Segment(" " * indent, base)] if indent else []
    column = 0
    for start, end in _stretches(line, row, span):
        style = base
        for mark in line.marks:
            if mark.start <= start < mark.end:
                style += style_of(mark.look)
        if span is not None and span[0] <= start < span[1]:
            style += selected
        text = line.text[start:end]
        if text == "\t":
            stop = TAB_CELLS - column % TAB_CELLS
            segments.extend([Segment(" ", style + Style.from_meta({"offset": (start, row.line)}))] * stop)
        else:
            segments.append(Segment(text, style + Style.from_meta({"offset": (start, row.line)})))
        column += cells(text, column)
    strip = Strip(segments)
    if tail:
        strip = strip.crop(0, width - len(tail))
        strip = Strip([*strip, Segment(tail, style_of("live"))])
    missing = width - strip.cell_length
    if missing < 0:
        return strip.crop(0, width)
    return Strip([*strip, Segment(" " * missing, base)], width)


def _stretches(line: Line, row: Row, span: tuple[int, int] | None) -> Iterable[tuple[int, int]]:
    """Cut a row where its look changes, and around tabs; an empty row is one empty stretch."""
    cuts = {row.start, row.end}
    for mark in line.marks:
        cuts.update((mark.start, mark.end))
    if span is not None:
        cuts.update(span)
    place = line.text.find("\t", row.start, row.end)
    while place >= 0:
        cuts.update((place, place + 1))
        place = line.text.find("\t", place + 1, row.end)
    inside = sorted(cut for cut in cuts if row.start <= cut <= row.end)
    return list(itertools.pairwise(inside)) or [(row.start, row.end)]
