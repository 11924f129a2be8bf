"""Lines of a log: wrapped, with their level in words, following the end."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from engine.display import visible
from engine.protocol import LogLine
from tui.renderables.fitted import QUIET

_STYLES = {"debug": QUIET, "info": QUIET, "warning": "bold $text-warning", "error": "bold $text-error"}
_BLOCK = 100
MAX_BLOCKS = 30


class LogLines(VerticalScroll):
    """The lines in blocks, so that a new line draws its own block only."""

    DEFAULT_CSS = """
    LogLines { height: 1fr; scrollbar-size-vertical: 1; }
    LogLines Static { height: auto; padding: 0 1; }
    """

    def __init__(self) -> None:
        """Make it empty."""
        super().__init__()
        self._blocks: list[tuple[Static, list[Content]]] = []

    def on_mount(self) -> None:
        """Follow the end."""
        self.anchor()

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.anchor()
        self.scroll_end(animate=False)

    def clear(self) -> None:
        """Take all lines away."""
        for block, _ in self._blocks:
            block.remove()
        self._blocks.clear()
        self.anchor()

    def add(self, lines: Sequence[LogLine]) -> None:
        """Show more lines at the end; of very many, the oldest go."""
        waiting = [_draw(line) for line in lines]
        while waiting:
            if not self._blocks or len(self._blocks[-1][1]) >= _BLOCK:
                block = Static("", markup=False)
                self._blocks.append((block, []))
                self.mount(block)
            block, shown = self._blocks[-1]
            room = _BLOCK - len(shown)
            shown += waiting[:room]
            waiting = waiting[room:]
            block.update(Content("\n").join(shown))
        while len(self._blocks) > MAX_BLOCKS:
            self._blocks.pop(0)[0].remove()


def _draw(line: LogLine) -> Content:
    return Content.assemble((f"{line.level:<8}", _STYLES[line.level]), visible(line.text.rstrip("\n")))
