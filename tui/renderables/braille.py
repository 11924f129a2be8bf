"""Dots, eight in a cell: two across and four down."""

from __future__ import annotations

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_FIRST = 0x2800
ACROSS, DOWN = 2, 4


class Braille:
    """A sheet of dots; what lies outside is not drawn."""

    def __init__(self, width: int, height: int) -> None:
        """Make an empty sheet of so many cells."""
        self.width, self.height = max(0, width), max(0, height)
        self._cells = [[0] * self.width for _ in range(self.height)]

    def dot(self, x: int, y: int) -> None:
        """Set a dot, counted from the upper left."""
        if 0 <= x < self.width * ACROSS and 0 <= y < self.height * DOWN:
            self._cells[y // DOWN][x // ACROSS] |= _DOTS[x % ACROSS][y % DOWN]

    def rise(self, x: int, low: int, high: int) -> None:
        """Set the dots of one column between two heights, both included."""
        if not 0 <= x < self.width * ACROSS:
            return
        dots, column = _DOTS[x % ACROSS], x // ACROSS
        for y in range(max(0, min(low, high)), min(self.height * DOWN - 1, max(low, high)) + 1):
            self._cells[y // DOWN][column] |= dots[y % DOWN]

    def row(self, row: int) -> list[int]:
        """Which dots of each cell of a row are set, as patterns; 0 for none."""
        return self._cells[row]


def glyph(bits: int) -> str:
    """The character of a pattern; a space for none."""
    return chr(_FIRST + bits) if bits else " "
