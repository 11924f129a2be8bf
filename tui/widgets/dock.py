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
            "This is where a model that learns will show its curve.\n\nUntil then, fine-tune from a shell:\n\n"
            "tunesmith tune --model gpt2 --data FILE --follow\n\n"
            "and talk to what came out: /model run:NAME",
            id="dock-empty",
            markup=False,
        )
