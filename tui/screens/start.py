"""The first frame: what can be painted before anything of the engine is imported.

It has the chat's outline and a composer that already takes keys; the chat comes over it and takes over what was
typed. Nothing here may import more than Textual and the table of actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from tui.widgets.composer import Composer
from tui.widgets.footer import Footer


class StartScreen(Screen[None]):
    """Header, composer and footer, and nothing behind them."""

    AUTO_FOCUS = "Composer"

    DEFAULT_CSS = """
    StartScreen {
        #start-header { dock: top; height: 1; background: $surface; color: $accent; text-style: bold; padding: 0 1; }
        #start-space { height: 1fr; }
        Composer { margin: 0 1; }
    }
    """

    def __init__(self, keys: Mapping[str, str], painted: Callable[[], object]) -> None:
        """Make the screen.

        Args:
            keys: The user's own keys, as far as they are known.
            painted: Called once the first frame is on the terminal.
        """
        super().__init__()
        self._keys = keys
        self._painted = painted

    def compose(self) -> ComposeResult:
        """The outline of the chat."""
        yield Static("Tunesmith", id="start-header", markup=False)
        yield Static("", id="start-space")
        yield Composer(id="composer", keys=self._keys)
        yield Footer()

    def on_mount(self) -> None:
        """Go on after the first frame."""
        self.call_after_refresh(self._painted)

    def on_composer_submitted(self, event: Composer.Submitted) -> None:
        """Nobody can answer yet: the message stays."""
        composer = self.query_one(Composer)
        composer.put("\n".join(part for part in (event.text, composer.text) if part))

    def take_typed(self) -> str:
        """Hand over what was typed so far."""
        composer = self.query_one(Composer)
        typed, composer.text = composer.text, ""
        return typed
