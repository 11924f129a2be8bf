"""What all dialogs share: a frame with a title, a line that says which keys do what, and Escape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, TypeVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from tui.screens.breakpoints import take_size

Result = TypeVar("Result")
CLOSES = "Esc"
"""The key that closes any dialog."""


class Key(msgspec.Struct, frozen=True):
    """A key of a dialog, and what it does."""

    key: str
    """As it is written on the keyboard: Enter, Ctrl+S."""
    words: str
    action: str = ""
    """What a click does; empty where only the key works."""


class KeyHint(Static):
    """One key in the line; a click does the same."""

    DEFAULT_CSS = """
    KeyHint {
        width: auto; margin-right: 3; color: $text-muted;
        &.-clickable:hover { background: $foreground 10%; }
    }
    """

    def __init__(self, key: Key) -> None:
        """Show a key."""
        self.key = key.key
        self.words = Content.assemble((key.key, "bold $accent"), f" {key.words}")
        super().__init__(self.words, classes="-clickable" if key.action else "", markup=False)
        self._action = key.action

    async def on_click(self) -> None:
        """Do what the key does."""
        if self._action:
            await self.screen.run_action(self._action)


class KeyLine(Horizontal):
    """The keys of a dialog. Where the line is too narrow, what closes it goes without saying."""

    def on_resize(self) -> None:
        """Show as many as have room."""
        hints = [hint for hint in self.query(KeyHint) if hint.display or hint.key == CLOSES]
        wanted = sum(hint.words.cell_length + hint.styles.margin.right for hint in hints)
        last = hints[-1].styles.margin.right if hints else 0
        for hint in hints:
            if hint.key == CLOSES:
                hint.display = wanted - last <= self.content_size.width


class Dialog(ModalScreen[Result]):
    """A frame over the screen. A dialog yields its parts from `parts`."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (150, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        # The program's own keys end at a dialog; with this id, the person's own key for it works too.
        Binding("ctrl+q", "app.quit", "Quit", show=False, id="quit"),
    ]

    HEADING: ClassVar[str] = ""
    KEYS: ClassVar[tuple[Key, ...]] = ()

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 60%;
        & > .dialog--frame {
            width: 92%; max-width: 132; height: 88%; max-height: 44;
            background: $surface;
            border: round $primary 70%;
            border-title-color: $accent; border-title-style: bold; border-title-background: $surface;
            border-subtitle-color: $text-muted; border-subtitle-background: $surface;
            padding: 1 2 0 2;
        }
        &.-narrow > .dialog--frame { width: 100%; padding: 0 1; }
        &.-short > .dialog--frame { height: 100%; padding-top: 0; }
        Input.-textual-compact { padding: 0 1; }
        .dialog--keys { height: 1; margin-top: 1; padding: 0 1; dock: bottom; }
        &.-short .dialog--keys { margin-top: 0; }
        &.-narrow KeyHint { margin-right: 2; }
        &.-short #filter { margin-bottom: 0; }
    }
    """

    def compose(self) -> ComposeResult:
        """The frame around the parts."""
        take_size(self)
        with Vertical(classes="dialog--frame") as frame:
            frame.border_title = Content(self.HEADING)
            yield from self.parts()
            with KeyLine(classes="dialog--keys"):
                yield from (KeyHint(key) for key in self.KEYS)

    def parts(self) -> Iterator[Widget]:
        """What is inside the frame."""
        yield from ()

    @property
    def frame(self) -> Vertical:
        """The frame, for its titles."""
        return self.query_one(".dialog--frame", Vertical)

    @property
    def is_open(self) -> bool:
        """Whether it is still there: timers and workers may come back after it was closed, to parts that are gone."""
        return self in self.app.screen_stack

    def action_close(self) -> None:
        """Leave everything as it was."""
        self.dismiss(None)
