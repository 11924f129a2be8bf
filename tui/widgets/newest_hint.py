"""The line that says that something new stands below."""

from __future__ import annotations

from textual.message import Message
from textual.widgets import Static

_NEWEST = "↓ newest"


class NewestHint(Static):
    """Says that something new stands below; a click goes there."""

    DEFAULT_CSS = """
    NewestHint {
        layer: hint;
        dock: bottom;
        height: 1;
        width: 100%;
        text-align: center;
        background: $panel;
        color: $text-accent;
        text-style: bold;
        display: none; &:hover { background: $primary-muted; }
    }
    """
    ALLOW_SELECT = False

    class Clicked(Message):
        """A person wants to see what is new."""

    def __init__(self) -> None:
        super().__init__(_NEWEST, markup=False)

    def on_click(self) -> None:
        """Go there."""
        self.post_message(self.Clicked())
