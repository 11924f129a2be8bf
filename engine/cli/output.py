"""What the command line prints: data on stdout, narration on stderr.

On a terminal both pass through `display.visible`; into a pipe or a file the data goes as it is.
"""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any, TextIO

from engine import wire
from engine.display import visible, visible_line

_GAP = "  "


def out(text: str, end: str = "\n") -> None:
    """Print data."""
    _write(sys.stdout, text + end)


def narrate(text: str, end: str = "\n") -> None:
    """Tell a person what happens; always safe to look at."""
    sys.stderr.write(visible(text) + end)
    sys.stderr.flush()


def out_json(value: Any) -> None:
    """Print a struct, or anything msgspec can encode, as one line of JSON."""
    _write(sys.stdout, wire.encode(value).decode())


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at the stream."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def redraw(text: str, width_before: int) -> int:
    """Write a line of progress over the one before, on a terminal's stderr.

    Args:
        text: The new line.
        width_before: What the last call returned; 0 for the first.

    Returns:
        The width of the line in cells, to be passed to the next call.
    """
    line = clip(visible_line(text), terminal_columns() - 1)
    width = cell_width(line)
    sys.stderr.write("\r" + line + " " * max(0, width_before - width))
    sys.stderr.flush()
    return width


def terminal_columns() -> int:
    """How many columns a line may have: the terminal's, `COLUMNS`, or 80."""
    return shutil.get_terminal_size().columns


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), columns: int = 0) -> str:
    """Lay out rows under headers.

    Args:
        headers: One for each column.
        rows: Cells as text; controls in them become visible.
        right: Indexes of the columns to align right.
        columns: The width to fit in, by clipping the last column first and then the widest; 0 does not clip.
    """
    lines = [[visible_line(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(cell_width(row[index]) for row in lines) for index in range(len(headers))]
    if columns:
        _shrink(widths, columns - len(_GAP) * (len(widths) - 1))
    return "\n".join(
        _GAP.join(
            _pad(cell, width, index in right) for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in lines
    )


def cell_width(text: str) -> int:
    """How many cells of a terminal a text takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def clip(text: str, columns: int) -> str:
    """Cut a text to a width, with an ellipsis where something was cut."""
    if cell_width(text) <= columns:
        return text
    kept, width = [], 0
    for character in text:
        width += _cells(character)
        if width > columns - 1:
            break
        kept.append(character)
    return "".join(kept) + "…" if columns > 0 else ""


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pad(cell: str, width: int, right: bool) -> str:
    text = clip(cell, width)
    space = " " * (width - cell_width(text))
    return space + text if right else text + space


def _shrink(widths: list[int], room: int, least: int = 8) -> None:
    last = len(widths) - 1
    while (excess := sum(widths) - room) > 0:
        index = last if widths[last] > least else max(range(len(widths)), key=widths.__getitem__)
        if widths[index] <= least:
            return
        widths[index] = max(least, widths[index] - excess)


def _write(stream: TextIO, text: str) -> None:
    stream.write(visible(text) if is_terminal(stream) else text)
    stream.flush()
