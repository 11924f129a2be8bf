"""What the model's process wrote, for when something goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, MutableSequence, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from engine.protocol import LogLine
from tui.screens.dialog import Dialog, Key
from tui.widgets.log_lines import LogLines

_INTERVAL_S = 0.2
_EMPTY = "The model's process has written nothing yet."


class LogScreen(Dialog[None]):
    """The newest line is at the bottom and stays in view, unless one has scrolled up."""

    HEADING = "Log of the model's process"
    AUTO_FOCUS = "LogLines"
    KEYS = (
        Key("↑↓ PgUp PgDn", "scroll"),
        Key("End", "follows again", "follow"),
        Key("c", "copies all", "copy_all"),
        Key("x", "clears", "clear"),
        Key("Esc", "closes", "close"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy_all", show=False),
        Binding("x", "clear", show=False),
        Binding("f12", "close", show=False, id="show_log"),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    LogScreen > .dialog--frame { width: 100%; max-width: 100%; height: 100%; max-height: 100%; padding: 0 1; }
    LogScreen #log-empty { height: 1fr; content-align: center middle; color: $text-muted; display: none; }
    """

    def __init__(self, lines: MutableSequence[LogLine]) -> None:
        """Make the screen.

        Args:
            lines: The log itself, oldest first: looked at again and again while the screen is open, as lines are
                added at its end and dropped from its beginning. Clearing empties it.
        """
        super().__init__()
        self._lines = lines
        self._last: LogLine | None = None

    def parts(self) -> Iterator[Widget]:
        """The lines, or a word that there are none."""
        yield Static(_EMPTY, id="log-empty", markup=False)
        yield LogLines()

    def on_mount(self) -> None:
        """Show what is there, and look again soon."""
        self._catch_up()
        self.set_interval(_INTERVAL_S, self._catch_up)

    def action_follow(self) -> None:
        """Go to the newest line and stay there."""
        self.query_one(LogLines).follow()

    def action_copy_all(self) -> None:
        """Copy the whole log."""
        self.app.copy_to_clipboard("\n".join(f"{line.level}: {line.text}" for line in self._lines))
        self.notify(f"Copied {len(self._lines):,} lines", markup=False)

    def action_clear(self) -> None:
        """Empty the log."""
        self._lines.clear()
        self._last = None
        self.query_one(LogLines).clear()
        self._show_count()

    def _catch_up(self) -> None:
        if not self.is_open:
            return
        fresh = _after(self._lines, self._last)
        if fresh:
            self._last = fresh[-1]
            self.query_one(LogLines).add(fresh)
        self._show_count()

    def _show_count(self) -> None:
        count = len(self._lines)
        self.query_one("#log-empty", Static).display = not count
        self.query_one(LogLines).display = bool(count)
        self.frame.border_subtitle = Content(f"{count:,} lines" if count != 1 else "1 line")


def _after(lines: Sequence[LogLine], last: LogLine | None) -> list[LogLine]:
    """The lines that came after one that was seen; all of them where it is gone."""
    fresh: list[LogLine] = []
    for line in reversed(lines):
        if line is last:
            break
        fresh.append(line)
    return fresh[::-1]
