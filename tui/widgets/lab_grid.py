"""The lab's table: any number of rows and columns without a widget for each, heads and inputs always in sight."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.renderables.lab_lines import Line, cell_lines, one_line, text_lines
from tui.state.lab import LabView, Spot
from tui.state.lab_cells import Look, face, head_lines, inputs_words, row_label, row_words

INPUTS = -1
"""The place of the column that holds the inputs."""
_NARROWEST = 23
"""Of a column: a figure and its interval."""
_LEAST_INPUTS = 20
_MOST_INPUTS = 44
_MOST_LINES = 4
_CLASSES: dict[Look, str] = {
    look: f"lab--{look}" for look in ("quiet", "running", "right", "wrong", "failed", "head", "best", "mark")
}


def widths(width: int, columns: int) -> tuple[int, int, int]:
    """How wide the inputs and each column are, and how many columns are in sight: whole ones, so that none is cut."""
    spare = width - _NARROWEST * columns
    left = max(_LEAST_INPUTS, min(_MOST_INPUTS, width * 3 // 10, spare))
    in_sight = max(1, min(columns, (width - left) // _NARROWEST))
    wide = max(1, (width - left) // in_sight)
    return max(0, width - wide * in_sight), wide, in_sight


class LabGrid(ScrollView, can_focus=False):
    """Draws a `LabView` with a cursor on it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*_CLASSES.values(), "lab--cursor", "lab--column", "lab--line"}
    DEFAULT_CSS: ClassVar[str] = """
    LabGrid {
        height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1;
        & > .lab--quiet { color: $text-muted; }
        & > .lab--running { color: $accent; }
        & > .lab--right { color: $success; }
        & > .lab--wrong { color: $error; }
        & > .lab--failed { color: $error; }
        & > .lab--head { color: $foreground; text-style: bold; }
        & > .lab--best { color: $accent; text-style: bold; }
        & > .lab--mark { color: $secondary; }
        & > .lab--cursor { background: $primary 35%; }
        & > .lab--column { background: $primary 15%; }
        & > .lab--line { color: $border; }
    }
    """

    class Moved(Message):
        """The cursor is somewhere else."""

    class Opened(Message):
        """The person wants to see what is under the cursor."""

    def __init__(self, view: LabView, *, id: str) -> None:
        """Draw a view, with the cursor on its first cell."""
        super().__init__(id=id)
        self._view = view
        self._heads: list[list[tuple[str, Look]]] = []
        self._drawn: dict[Spot, tuple[Line, ...]] = {}
        self._looks: dict[Look, Style] = {}
        self._head_height, self._row_height = 3, 1
        self._left, self._column_width, self._in_sight = 16, _NARROWEST, 1
        self.row = 0
        self.column = 0 if view.lab.variations else INPUTS

    # What is drawn

    def show(self, view: LabView) -> None:
        """Draw another view; the cursor stays as far as it can."""
        self._view = view
        self.row = max(0, min(self.row, len(view.lab.rows) - 1))
        self.column = max(INPUTS, min(self.column, len(view.lab.variations) - 1))
        self._lay_out()

    def show_cells(self, changed: set[Spot]) -> None:
        """Draw some cells anew; those that are out of sight cost nothing."""
        for spot in changed:
            self._drawn.pop(spot, None)
        top, height = self._head_height, self._row_height
        for row in {row for row, _ in changed}:
            y = top + row * height - self.scroll_offset.y
            if y + height > top and y < self.size.height:
                self.refresh(Region(0, max(top, y), self.size.width, height))

    def show_heads(self) -> None:
        """Draw the figures above the columns anew."""
        self._write_heads()
        self.refresh()

    def _lay_out(self) -> None:
        lab = self._view.lab
        self._drawn.clear()
        self._looks.clear()
        # Kept, as lines that were laid out for one size may be asked for at the next before `on_resize` is told.
        self._head_height = 3 + len(lab.metrics)
        lines = (self.size.height - self._head_height) // max(1, len(lab.rows))
        self._row_height = max(1, min(_MOST_LINES, lines))
        self._left, self._column_width, self._in_sight = widths(
            self.size.width - 1,
            len(lab.variations),  # the bar to the right may come with the rows
        )
        self._write_heads()
        width = self._left + len(lab.variations) * self._column_width
        self.virtual_size = Size(width, self._head_height + len(lab.rows) * self._row_height)
        self.refresh()

    def _write_heads(self) -> None:
        places = range(len(self._view.lab.variations))
        self._heads = [head_lines(self._view, place, self._column_width) for place in places]

    def on_resize(self) -> None:
        """Fit the columns to the width."""
        self._lay_out()
        self.call_after_refresh(self._reveal)

    def notify_style_update(self) -> None:
        """Take other colours up."""
        super().notify_style_update()
        self._looks.clear()

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        width = self.scrollable_content_region.width
        if y < self._head_height:
            segments = self._head_segments(y)
        else:
            row, line = divmod(y - self._head_height + self.scroll_offset.y, self._row_height)
            if row >= len(self._view.lab.rows):
                return Strip.blank(self.size.width, self.rich_style)
            segments = self._row_segments(row, line)
        left, rest = segments
        first = self._first * self._column_width
        strip = Strip(rest).crop(first, first + max(0, min(width - self._left, self._in_sight * self._column_width)))
        return Strip([*left, *strip]).adjust_cell_length(self.size.width, self.rich_style)

    def _head_segments(self, y: int) -> tuple[list[Segment], list[Segment]]:
        left, width, count = self._left, self._column_width, len(self._heads)
        if y == self._head_height - 1:
            style = self._component("lab--line")
            return [Segment("─" * left, style)], [Segment("─" * (width * count), style)]
        words = {0: self._inputs_head(), 1: inputs_words(self._view)}.get(y, "")
        first = self._paint(text_lines(words, left, 1, "head" if y == 0 else "quiet")[0], self._over_head(INPUTS))
        lines = (text_lines(head[y][0], width, 1, head[y][1])[0] for head in self._heads)
        rest = [segment for place, line in enumerate(lines) for segment in self._paint(line, self._over_head(place))]
        return first, rest

    @property
    def _first(self) -> int:
        """The first column in sight: wherever the bar stands, it is a whole one."""
        return max(0, min(len(self._heads) - self._in_sight, round(self.scroll_offset.x / self._column_width)))

    def _inputs_head(self) -> str:
        """What stands above the inputs: which columns are in sight, where not all are."""
        count = len(self._heads)
        if self._in_sight >= count:
            return "Inputs"
        first = self._first
        last = first + self._in_sight
        return f"{'‹ ' if first else ''}Columns {first + 1}-{last} of {count}{' ›' if last < count else ''}"

    def _row_segments(self, row: int, line: int) -> tuple[list[Segment], list[Segment]]:
        at = self.column if row == self.row else None
        left = self._paint(self._lines(row, INPUTS)[line], "lab--cursor" if at == INPUTS else "")
        rest = []
        for place in range(len(self._heads)):
            rest += self._paint(self._lines(row, place)[line], "lab--cursor" if at == place else "")
        return left, rest

    def _over_head(self, column: int) -> str:
        return "lab--column" if column == self.column else ""

    def _lines(self, row: int, column: int) -> tuple[Line, ...]:
        found = self._drawn.get((row, column))
        if found is None:
            height = self._row_height
            if column == INPUTS:
                found = self._input_lines(row, height)
            else:
                found = cell_lines(face(self._view, row, column), self._column_width, height)
            self._drawn[row, column] = found
        return found

    def _input_lines(self, row: int, height: int) -> tuple[Line, ...]:
        number = f"{row + 1:>{len(str(len(self._view.lab.rows)))}} "
        room = self._left - len(number)
        right = row_label(self._view, row) if height > 1 else ""
        indent = " " * len(number)
        first, *more = text_lines(row_words(self._view, row), room, height - bool(right))
        lines: list[Line] = [((number, "quiet"), *first), *(((indent, ""), *line) for line in more)]
        if right:
            lines.append(one_line(((f"{indent}→ ", "mark"), (right, "mark")), self._left))
        return tuple(lines)

    def _paint(self, line: Line, cursor: str = "") -> list[Segment]:
        base = self.rich_style
        over = Style(bgcolor=self._component(cursor).bgcolor) if cursor else Style.null()
        return [Segment(text, base + self._look(look) + over) for text, look in line]

    def _look(self, look: Look) -> Style:
        if look not in self._looks:
            style = self._component(_CLASSES[look]) if look else Style.null()
            self._looks[look] = Style(color=style.color, bold=style.bold) if look else style
        return self._looks[look]

    def _component(self, name: str) -> Style:
        return self.get_component_rich_style(name)

    # The cursor

    def move(self, rows: int, columns: int) -> None:
        """Move the cursor; at an edge it stays."""
        self.go_to(self.row + rows, self.column + columns)

    def go_to(self, row: int, column: int) -> None:
        """Put the cursor on a cell."""
        lab = self._view.lab
        self.row = max(0, min(row, len(lab.rows) - 1))
        self.column = max(INPUTS, min(column, len(lab.variations) - 1))
        self.refresh()
        self._reveal()
        self.post_message(self.Moved())

    @property
    def page(self) -> int:
        """How many rows are in sight."""
        return max(1, (self.size.height - self._head_height) // self._row_height)

    def _reveal(self) -> None:
        height = self._row_height
        top, room = self.row * height, self.scrollable_content_region.height - self._head_height
        x, y = self.scroll_offset
        if top < y:
            y = top
        elif top + height > y + room:
            y = top + height - room
        if self.column >= 0:
            first = min(self.column, max(self._first, self.column - self._in_sight + 1))
            x = first * self._column_width
        self.scroll_to(x=x, y=y, animate=False)

    def spot_at(self, x: int, y: int) -> Spot | None:
        """The cell at a place of the widget; the row of a head is that of the cursor. None where nothing is."""
        column = INPUTS if x < self._left else self._first + (x - self._left) // self._column_width
        row = self.row if y < self._head_height else (y - self._head_height + self.scroll_offset.y) // self._row_height
        if column >= len(self._heads) or (y >= self._head_height and row >= len(self._view.lab.rows)):
            return None
        return row, column

    def on_click(self, event: events.Click) -> None:
        """Go to what is under the mouse; a second click opens it."""
        spot = self.spot_at(event.x, event.y)
        if spot is None:
            return
        self.go_to(*spot)
        if event.chain == 2:
            self.post_message(self.Opened())
