"""The last gate before the terminal: no line leaves the program with a character that drives a terminal.

Parts that draw text from outside make it safe themselves, so that its width is right; this catches what a
library's widget draws on its own: toasts, text areas, tooltips, log views.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from engine.display import visible_line


class VisibleControls(LineFilter):
    """Makes control characters in drawn lines visible."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Replace what is not safe; segments that are, most of them, stay the same objects."""
        return [
            segment
            if segment.control or segment.text.isprintable()
            else Segment(visible_line(segment.text), segment.style)
            for segment in segments
        ]
