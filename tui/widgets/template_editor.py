"""The editor of a template file: TOML with a body in Jinja2, coloured, and faulty lines marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import TextArea

from tui.renderables.code_marks import code_marks
from tui.state.rows import Mark

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
_LOOKS = ("keyword", "string", "number", "name", "comment", "jinja", "fault", "trap")
_CHANGING = frozenset({"enter", "backspace", "delete", "tab", "ctrl+w", "ctrl+u", "ctrl+k", "ctrl+x", "ctrl+v"})


class TemplateEditor(TextArea):
    """A text area that knows TOML well enough to colour it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"editor--{look}" for look in _LOOKS}
    DEFAULT_CSS: ClassVar[str] = """
    TemplateEditor {
        border: none; padding: 0; background: $background; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1;
        &:focus { border: none; }
        & > .editor--keyword { color: $text-primary; text-style: bold; }
        & > .editor--string { color: $text-success; }
        & > .editor--number { color: $text-accent; }
        & > .editor--name { color: $text-primary; }
        & > .editor--comment { color: $text-muted; text-style: italic; }
        & > .editor--jinja { color: $text-accent; text-style: bold; }
        & > .editor--fault { background: $error 30%; text-style: underline; }
        & > .editor--trap { background: $warning 25%; text-style: underline; }
    }
    """

    class Refused(Message):
        """Somebody typed into a text that can't be changed."""

    def __init__(self, *, id: str) -> None:
        """Make an empty editor."""
        super().__init__(id=id, show_line_numbers=True, soft_wrap=True, tab_behavior="focus", max_checkpoints=500)
        self._looks: dict[str, Style] = {}
        self._marks: list[tuple[Mark, ...]] = []
        self._marked_lines: dict[int, str] = {}

    def mark_lines(self, lines: dict[int, str]) -> None:
        """Mark lines, counted from 1, as `fault` or `trap`."""
        if lines != self._marked_lines:
            self._marked_lines = dict(lines)
            self._line_cache.clear()
            self.refresh()

    def go_to(self, line: int) -> None:
        """Put the cursor on a line, counted from 1."""
        self.move_cursor((max(0, min(line, self.document.line_count) - 1), 0), center=True)
        self.focus()

    def get_line(self, line_index: int) -> Text:
        """A line with its colours."""
        line = super().get_line(line_index)
        if line_index < len(self._marks):
            for mark in self._marks[line_index]:
                line.stylize(self._look(mark.look), mark.start, mark.end)
        if look := self._marked_lines.get(line_index + 1):
            line.stylize(self._look(look))
        return line

    def notify_style_update(self) -> None:
        """Forget the looks of another theme."""
        super().notify_style_update()
        self._looks.clear()

    def _build_highlight_map(self) -> None:
        """Colour the text anew; called whenever it changed."""
        super()._build_highlight_map()
        lines = [*self.document.lines]
        found = code_marks("\n".join(lines), "toml")
        self._marks = [(*marks, *_jinja(line)) for line, marks in zip(lines, found, strict=False)]

    async def _on_key(self, event: events.Key) -> None:
        if event.key.startswith("alt+"):
            event.prevent_default()  # a key of the screen, whose letter is not meant for the text
            return
        if self.read_only and (event.is_printable or event.key in _CHANGING) and event.key != "tab":
            event.stop()
            event.prevent_default()
            self.post_message(self.Refused())
            return
        await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        # The text area's own handler runs behind this one, unless it is kept from doing so.
        if self.read_only:
            event.stop()
            event.prevent_default()
            self.post_message(self.Refused())

    def _look(self, name: str) -> Style:
        if (style := self._looks.get(name)) is None:
            whole = self.get_component_rich_style(f"editor--{name}")
            style = self.get_component_rich_style(f"editor--{name}", partial=True)
            if style.color is not None:
                style += Style(color=whole.color)
            if style.bgcolor is not None:
                style += Style(bgcolor=whole.bgcolor)
            self._looks[name] = style
        return style


def _jinja(line: str) -> Iterator[Mark]:
    for found in _JINJA.finditer(line):
        yield Mark(found.start(), found.end(), "comment" if found.group().startswith("{#") else "jinja")
