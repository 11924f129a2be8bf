"""The panel on the right, where training will show; it says so while there is none."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static


class Dock(Vertical):
    """The place for training runs."""

    DEFAULT_CSS = """
    Dock {
        width: 34;
        background: $surface;
        border-left: tall $background;
        padding: 0 1;
        #dock-title { color: $text-muted; text-style: bold; }
        #dock-empty { color: $text-muted; padding: 1 0; }
    }
    """

    def compose(self) -> ComposeResult:
        """A title and a word on what is missing."""
        yield Static("Training", id="dock-title", markup=False)
        yield Static(
            "No run is going on.\n\nThis is where a model that learns will show its curve. "
            "This version chats; it does not train yet.",
            id="dock-empty",
            markup=False,
        )
