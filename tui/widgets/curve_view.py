"""The loss curve as a widget: draws a chart, and tells where it was pointed at."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.renderables.curve import Chart, Drawing, Look, draw

_CLASSES: dict[Look, str] = {
    "axis": "curve--axis",
    "raw": "curve--raw",
    "line": "curve--line",
    "mark": "curve--mark",
    "best": "curve--best",
    "cursor": "curve--cursor",
}


class CurveView(Widget):
    """A chart, drawn anew when it or the room for it changes."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(_CLASSES.values())
    DEFAULT_CSS: ClassVar[str] = """
    CurveView {
        height: 1fr;
        & > .curve--axis { color: $text-muted; }
        & > .curve--raw { color: $primary 45%; }
        & > .curve--line { color: $primary; }
        & > .curve--mark { color: $secondary; }
        & > .curve--best { color: $accent; text-style: bold; }
        & > .curve--cursor { color: $foreground; text-style: bold; }
    }
    """

    class Pointed(Message):
        """The person pointed at a step."""

        def __init__(self, step: int) -> None:
            """Carry the step."""
            super().__init__()
            self.step = step

    def __init__(self, *, id: str) -> None:
        """Make an empty chart."""
        super().__init__(id=id)
        self._chart = Chart()
        self._drawn: tuple[Chart, int, int, Drawing] | None = None

    def show(self, chart: Chart) -> None:
        """Draw a chart."""
        if chart != self._chart:
            self._chart = chart
            self.refresh()

    @property
    def drawing(self) -> Drawing:
        """What is drawn now."""
        width, height = self.size
        drawn = self._drawn
        if drawn is None or drawn[0] is not self._chart or drawn[1:3] != (width, height):
            drawn = (self._chart, width, height, draw(self._chart, width, height))
            self._drawn = drawn
        return drawn[3]

    def render_line(self, y: int) -> Strip:
        """One row."""
        base = self.rich_style
        rows = self.drawing.rows
        if y >= len(rows):
            return Strip.blank(self.size.width, base)
        segments = [Segment(text, self._style(look, base)) for text, look in rows[y]]
        return Strip(segments, self.size.width)

    def _style(self, look: Look, base: Style) -> Style:
        return self.get_component_rich_style(_CLASSES[look]) if look else base

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Point at the step under the mouse, and at all that it is dragged over."""
        self.capture_mouse()
        self._point(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow a mouse that is held down."""
        if self.app.mouse_captured is self:
            self._point(event.x)

    def on_mouse_up(self) -> None:
        """Let go."""
        self.release_mouse()

    def _point(self, column: int) -> None:
        self.post_message(self.Pointed(self.drawing.step_at(column)))
