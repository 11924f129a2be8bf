"""The text of a turn as rows: the very text, or Markdown as far as its blocks are finished."""

from __future__ import annotations

from collections.abc import Sequence

from textual.selection import Selection

from engine.display import visible
from tui.renderables.markdown_lines import markdown_lines
from tui.state.blocks import BlockCutter, is_item
from tui.state.rows import Line, Rows


class ReplyBody:
    """What is shown of a text that may still grow. What an added word costs depends on the word alone.

    As Markdown, the finished blocks stand rendered above a tail that shows as it comes, until it is a block.
    """

    def __init__(self) -> None:
        self.rows = Rows()
        self._text = ""
        self._markdown = False
        self._cutter = BlockCutter()
        self._settled_lines = 0
        self._last_block = ""
        self._tail_is_raw = True

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
        grows = markdown == self._markdown and text.startswith(self._text)
        added = text[len(self._text) :] if grows else text
        if not grows:
            self._markdown = markdown
            self._cutter, self._settled_lines, self._last_block = BlockCutter(), 0, ""
        self._text = text
        if markdown:
            return self._show_markdown(added, live=live, grows=grows)
        if grows:
            return self._add(added) if added else len(self.rows)
        return self.rows.splice(0, _raw(text))

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
        first, *more = _raw(text)
        return self.rows.splice(last, [Line(self.rows.lines[last].text + first.text), *more])

    def _show_markdown(self, added: str, *, live: bool, grows: bool) -> int:
        blocks = self._cutter.finished(self._text)
        if grows and live and not blocks and self._tail_is_raw:
            return self._add(added) if added else len(self.rows)
        lines: list[Line] = []
        for block in blocks:
            if rendered := markdown_lines(block):
                lines += _spaced(self._last_block, block, rendered)
                self._last_block = block
        at, tail = self._settled_lines, self._text[self._cutter.done :]
        self._settled_lines += len(lines)
        self._tail_is_raw = live
        rest = _raw(tail) if live else markdown_lines(tail)
        shown = [*lines, *_spaced(self._last_block, tail, rest)]
        return self.rows.splice(at, shown if shown or at else [Line("")])


def _spaced(before: str, block: str, lines: Sequence[Line]) -> Sequence[Line]:
    """Put a blank line before a block, except between items of a list that have none in the source."""
    if not before or not lines or (is_item(before) and is_item(block) and not before.endswith("\n\n")):
        return lines
    return [Line(""), *lines]


def _raw(text: str) -> Sequence[Line]:
    return [Line(line) for line in visible(text).split("\n")]
