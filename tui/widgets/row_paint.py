"""Rows and pieces of text as strips: styles, selection, tab stops, and where each cell came from."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

from tui.state.rows import Line, Mark, Row, cells

Looks = Callable[[str], Style]
"""Finds what is laid over a style, by the name of a look."""


class Piece(NamedTuple):
    """A few words on a line that is not part of a turn's text."""

    text: str
    look: str = ""
    action: str = ""
    """What a click on it does, as an action of the widget; empty for nothing."""


def paint_pieces(pieces: Iterable[Piece], width: int, base: Style, looks: Looks) -> Strip:
    """One line of pieces, cut off where the width ends; none of it can be selected."""
    segments: list[Segment] = []
    for piece in pieces:
        style = base + looks(piece.look) if piece.look else base
        segments.append(
            Segment(piece.text, style + Style.from_meta({"@click": piece.action}) if piece.action else style)
        )
    return Strip(segments).adjust_cell_length(width, base)


def paint_row(
    line: Line, row: Row, base: Style, looks: Looks, *, selection: Selection | None, selected: Style
) -> Strip:
    """One row of a text, as wide as it is.

    Every segment carries the line and character it begins with, by which Textual finds what the mouse selects.

    Args:
        line: The line that the row is of.
        row: Which part of it.
        base: The style of plain text.
        looks: Finds what is laid over it.
        selection: What is selected of the whole text, in lines and characters.
        selected: Is laid over what is selected.
    """
    marks = [mark for mark in line.marks if mark.start < row.end and mark.end > row.start]
    span = selection.get_span(row.line) if selection is not None else None
    if span is not None and span[1] == -1:
        span = (span[0], len(line.text))
    segments = [Segment(" " * line.hang_cells, base)] if row.start and line.hang_cells else []
    column = 0
    for start, end in _stretches(line, row, (*marks, *((Mark(*span, ""),) if span else ()))):
        style = base
        for mark in marks:
            if mark.start <= start < mark.end:
                style += looks(mark.look)
        if span is not None and span[0] <= start < span[1]:
            style += selected
        text, taken = line.text[start:end], cells(line.text[start:end], column)
        style += Style.from_meta({"offset": (start, row.line)})
        segments += [Segment(" ", style)] * taken if text == "\t" else [Segment(text, style)]
        column += taken
    return Strip(segments)


def fill_row(strip: Strip, width: int, base: Style, tail: Segment | None = None) -> Strip:
    """Make a row `width` cells wide, with a tail where its text ends, such as the cursor of a reply that comes."""
    if tail is not None:
        strip = Strip([*strip.crop(0, width - tail.cell_length), tail])
    missing = width - strip.cell_length
    return strip.crop(0, width) if missing < 0 else Strip([*strip, Segment(" " * missing, base)], width)


def _stretches(line: Line, row: Row, marks: Iterable[Mark]) -> Iterable[tuple[int, int]]:
    """Cut a row where its look changes, and around tabs; an empty row is one empty stretch."""
    cuts = {row.start, row.end}
    for mark in marks:
        cuts.update((mark.start, mark.end))
    place = line.text.find("\t", row.start, row.end)
    while place >= 0:
        cuts.update((place, place + 1))
        place = line.text.find("\t", place + 1, row.end)
    inside = sorted(cut for cut in cuts if row.start <= cut <= row.end)
    return list(itertools.pairwise(inside)) or [(row.start, row.end)]
