"""The text of a turn as rows: the very text, or Markdown as far as its blocks are finished."""

from __future__ import annotations

from collections.abc import Sequence

from textual.selection import Selection

from engine.display import visible
from tui.state.rows import Line, Rows


class ReplyBody:
    """What is shown of a text that may still grow. What an added word costs depends on the word alone."""

    def __init__(self) -> None:
        self.rows = Rows()
        self._text = ""
        self._markdown = False

    @property
    def empty(self) -> bool:
        """Is there no text at all."""
        return not self._text

    def show(self, text: str, *, live: bool, markdown: bool) -> int:
        """Show a text, safe for the terminal.

        Returns:
            The first row that may have changed.
        """
        if live and text.endswith("\r"):
            text = text[:-1]  # its newline may be on the way
        if markdown == self._markdown and text.startswith(self._text):
            added = text[len(self._text) :]
            self._text = text
            return self._add(added) if added else len(self.rows)
        self._text, self._markdown = text, markdown
        self.rows.splice(0, _lines(text))
        return 0

    def selected(self, selection: Selection) -> str:
        """The selected part of the text."""
        picked: list[str] = []
        for number, line in enumerate(self.rows.lines):
            span = selection.get_span(number)
            if span is not None:
                start, end = span
                picked.append(line.text[start : len(line.text) if end == -1 else end])
        return "\n".join(picked)

    def _add(self, text: str) -> int:
        last = len(self.rows.lines) - 1
        first, *more = _lines(text)
        return self.rows.splice(last, [Line(self.rows.lines[last].text + first.text), *more])


def _lines(text: str) -> Sequence[Line]:
    return [Line(line) for line in visible(text).split("\n")]
