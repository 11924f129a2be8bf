"""Where a person types: several lines, Enter sends, Up recalls."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea

from tui import commands
from tui.state.help import first_key

MAX_HISTORY = 500


class Composer(TextArea):
    """A text area that grows with its text."""

    BINDINGS = [
        *commands.bindings("composer"),
        Binding("ctrl+a", "select_all", "Select all", show=False),
    ]

    DEFAULT_CSS = """
    Composer {
        height: auto;
        min-height: 3;
        max-height: 12;
        border: round $border-blurred;
        background: $background;
        padding: 0 1;
        border-title-color: $text-muted;
        border-subtitle-color: $text-muted;
        scrollbar-size-vertical: 1;
        &:focus { border: round $primary; }
        &.-editing { border: round $accent; border-title-color: $accent; }
    }
    """

    class Submitted(Message):
        """The person wants to send this."""

        def __init__(self, text: str) -> None:
            """Carry the text."""
            super().__init__()
            self.text = text

    class Nothing(Message):
        """The person pressed the key that sends, and there was nothing to send."""

    def __init__(self, *, id: str, keys: Mapping[str, str] | None = None) -> None:
        """Make an empty composer.

        Args:
            id: The widget's id.
            keys: The user's own keys by action, as in config.toml.
        """
        super().__init__(
            id=id,
            show_line_numbers=False,
            soft_wrap=True,
            highlight_cursor_line=False,
            tab_behavior="focus",
            placeholder=Content("Write a message, or / for a command"),
        )
        self._keys = commands.keys_of("composer", keys or {})
        sends, breaks = (first_key(action, keys or {}) for action in ("send", "newline"))
        self.border_subtitle = f"{sends} sends · {breaks} new line"
        self._history: list[str] = []
        self._place: int | None = None
        self._draft = ""

    def remember(self, texts: list[str]) -> None:
        """Take over what can be recalled, oldest first."""
        self._history = texts[-MAX_HISTORY:]
        self._place = None

    def put(self, text: str) -> None:
        """Replace the text and go to its end."""
        self.text = text
        self.move_cursor(self.document.end)

    def action_send(self) -> None:
        """Hand over the text. Whoever can't take it gives it back, before what was typed since."""
        self._place = None
        text = self.text
        if text.strip():
            self.text = ""
            self.post_message(self.Submitted(text))
        elif not text:
            self.post_message(self.Nothing())

    def action_newline(self) -> None:
        """Start a new line."""
        start, end = self.selection
        self._replace_via_keyboard("\n", start, end)

    def action_cursor_up(self, select: bool = False) -> None:
        """Go a line up; from the first line of an untouched composer, back through what was sent."""
        if not select and self.cursor_at_first_line and (not self.text or self._place is not None):
            self._recall(-1)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Go a line down; while recalling, forward again."""
        if not select and self._place is not None and self.cursor_at_last_line:
            self._recall(1)
        else:
            super().action_cursor_down(select)

    async def _on_key(self, event: events.Key) -> None:
        """Act on the composer's own keys here and now.

        Bindings are run by the app, before or after keys that were typed at the same moment reach this widget: a
        fast typist's Enter would send half a line.
        """
        action = self._keys.get(event.key)
        if action is None:
            self._place = None if event.is_printable else self._place
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        getattr(self, f"action_{action}")()

    def _recall(self, step: int) -> None:
        if self._place is None:
            if not self._history:
                return
            self._draft = self.text
            self._place = len(self._history)
        self._place = max(0, self._place + step)
        if self._place >= len(self._history):
            self._place = None
            self.put(self._draft)
        else:
            self.put(self._history[self._place])
