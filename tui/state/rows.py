"""Text cut into the rows of a column, again and again while it grows.

A row is a stretch of a line and the rows of a line cover every character of it, so that a place on the screen always
leads back to the very character. Rows break after spaces, between wide characters, and inside a word only where the
word alone is wider than the column. All but the last row of a line stay as they are when text is added to it: what
a streamed token costs depends on the token alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len, split_graphemes

TAB_CELLS = 4
_WIDE = (
    "\u1100-\u115e\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6"
    "\U0001f300-\U0001faff\U00020000-\U0003fffd"
)
_JOINED = "\u0300-\u036f\u3099\u309a\ufe00-\ufe0f\U0001f3fb-\U0001f3ff"
_CHUNK = re.compile(f"[{_WIDE}][{_JOINED}]*[ \t]*|[^ \t{_WIDE}]+[ \t]*|[ \t]+")


class Mark(NamedTuple):
    """How a stretch of a line looks."""

    start: int
    end: int
    look: str


class Line(NamedTuple):
    """A line of text as it stands in its source, or as Markdown rendered it."""

    text: str
    marks: tuple[Mark, ...] = ()
    hang_cells: int = 0
    """How far all rows but the first are moved in, for lists and quotes."""
    look: str = ""
    """How the whole line looks."""


class Row(NamedTuple):
    """The characters `start <= i < end` of one line."""

    line: int
    start: int
    end: int


def cells(text: str, column: int = 0) -> int:
    """How many cells a text takes that begins at this column; a tab reaches to the next stop."""
    if text.isascii() and "\t" not in text:
        return len(text)
    begin = column
    first, *rest = text.split("\t")
    column += cell_len(first)
    for part in rest:
        column += TAB_CELLS - column % TAB_CELLS + cell_len(part)
    return column - begin


def _fitting(word: str, room: int) -> int:
    """How many characters of a word fit into `room` cells; at least one whole character."""
    if word.isascii():
        return max(1, room)
    end = used = 0
    for _, end_of_grapheme, width in split_graphemes(word)[0]:
        if end and used + width > room:
            break
        end, used = end_of_grapheme, used + width
    return end


def wrap(text: str, width: int, start: int = 0, hang_cells: int = 0) -> Iterator[tuple[int, int]]:
    """Cut a line into rows, from `start` on, which must be where a row begins.

    Yields:
        Start and end of each row; there is at least one. Spaces before a break belong to the row that they end,
        even where they reach beyond the column.
    """
    begin, column = start, 0
    room = max(1, width - (hang_cells if start else 0))
    for match in _CHUNK.finditer(text, start):
        chunk = match.group()
        word = chunk.rstrip(" \t")
        needed = cells(word)
        if column and word and column + needed > room:
            yield begin, match.start()
            begin, column, room = match.start(), 0, max(1, width - hang_cells)
        while needed > room:
            cut = _fitting(word, room)
            if cut >= len(word):
                break
            yield begin, begin + cut
            begin, word, room = begin + cut, word[cut:], max(1, width - hang_cells)
            needed = cells(word)
        column += cells(text[max(begin, match.start()) : match.end()], column)
    yield begin, len(text)


class Rows:
    """The rows of some lines at one width, kept up to date while lines are replaced and added."""

    def __init__(self, width: int = 80) -> None:
        self.lines: list[Line] = [Line("")]
        self.rows: list[Row] = [Row(0, 0, 0)]
        self.width = width
        self._first: list[int] = [0]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def rewrap(self, width: int) -> None:
        """Cut all lines anew, if the width is another one."""
        if width != self.width:
            self.width = width
            lines, self.lines, self.rows, self._first = self.lines, [], [], []
            self.splice(0, lines)

    def first_row(self, line: int) -> int:
        """The first row of a line."""
        return self._first[line]

    def splice(self, at: int, lines: Sequence[Line]) -> int:
        """Put these lines in the place of all from `at` on.

        Returns:
            The first row that is another one now, or could be.
        """
        kept = self._kept_row(at, lines[0]) if lines and at < len(self.lines) else None
        first = kept if kept is not None else self._row_count_before(at)
        begin = self.rows[first].start if kept is not None else 0
        del self.lines[at:], self._first[at if kept is None else at + 1 :], self.rows[first:]
        for number, line in enumerate(lines, at):
            if number == len(self._first):
                self._first.append(len(self.rows))
            start = begin if number == at else 0
            self.rows += (Row(number, *stretch) for stretch in wrap(line.text, self.width, start, line.hang_cells))
        self.lines.extend(lines)
        return first

    def _row_count_before(self, line: int) -> int:
        return self._first[line] if line < len(self._first) else len(self.rows)

    def _kept_row(self, at: int, line: Line) -> int | None:
        """The last row of line `at`, where the new line only adds to it, so that the rows before it stay."""
        old = self.lines[at]
        if old[1:] != line[1:] or not line.text.startswith(old.text) or line.marks:
            return None
        return self._row_count_before(at + 1) - 1
