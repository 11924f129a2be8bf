"""One turn: who speaks, which version, the text, and beneath it a note and the figures."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget

from tui.state.turns import TurnLine
from tui.widgets.reply_body import ReplyBody

TurnWish = Literal["edit", "regenerate", "continue", "copy", "older", "newer"]
"""What a person can ask for a turn."""

_HEAD_ROWS = 1
_CURSOR = "▍"
_READING = "reading the prompt…"
_CONTROLS: dict[str, tuple[tuple[str, TurnWish], ...]] = {
    "user": (("edit", "edit"), ("copy", "copy")),
    "assistant": (("edit", "edit"), ("again", "regenerate"), ("go on", "continue"), ("copy", "copy")),
    "system": (("copy", "copy"),),
}


class TurnView(Widget):
    """A turn of the transcript. It paints its rows itself: one widget, of which only what is visible is painted."""

    DEFAULT_CSS = """
    TurnView {
        width: 1fr;
        max-width: 110;
        height: auto;
        padding: 0 1;
        margin: 0 0 1 0;
        border-left: thick $panel;
        &.-user { border-left: thick $secondary; }
        &.-assistant { border-left: thick $primary; }
        &.-fault { border-left: thick $error; }
        &.-cursor { background: $boost; }
        & > .turn--label { text-style: bold; color: $text-muted; }
        &.-user > .turn--label { color: $secondary; }
        &.-assistant > .turn--label { color: $primary; }
        & > .turn--quiet { color: $text-muted; }
        & > .turn--control { color: $text-muted; }
        & > .turn--hot { color: $foreground; text-style: underline; }
        & > .turn--note { color: $text-error; text-style: bold; }
        & > .turn--waiting { color: $text-muted; text-style: italic; }
        & > .turn--live { color: $accent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"turn--{look}" for look in ("label", "quiet", "control", "hot", "note", "waiting", "live")
    }

    class Asked(Message):
        """A person clicked a control in the turn's first line."""

        def __init__(self, turn_id: int, wish: TurnWish) -> None:
            super().__init__()
            self.turn_id = turn_id
            self.wish = wish

    class Picked(Message):
        """A person clicked the turn."""

        def __init__(self, turn_id: int) -> None:
            super().__init__()
            self.turn_id = turn_id

    def __init__(self, turn: TurnLine, *, markdown: bool) -> None:
        super().__init__()
        self.turn = turn
        self._body = ReplyBody()
        self._markdown = markdown
        self._hovered = False
        self._hot = ""
        self._take(turn)

    def show(self, turn: TurnLine, *, markdown: bool) -> None:
        """Show this turn in place of the one before, or more of the same."""
        if turn is self.turn and markdown == self._markdown:
            return
        old, rows = self.turn, self._row_count
        was_waiting = self._waiting
        first = self._take(turn, markdown)
        if old.id != turn.id and self.text_selection is not None:
            self.screen.clear_selection()
        if self._row_count != rows or self._waiting != was_waiting or not self._same_frame(old, turn):
            self.refresh(layout=True)
        else:
            first = max(0, min(first, len(self._body.rows) - 1))
            self.refresh(Region(0, _HEAD_ROWS + first, self.size.width, len(self._body.rows) - first))

    @staticmethod
    def _same_frame(old: TurnLine, new: TurnLine) -> bool:
        """Is all but the text as it was."""
        return (old.id, old.role, old.label, old.figures, old.note, old.version, old.versions, old.live) == (
            new.id, new.role, new.label, new.figures, new.note, new.version, new.versions, new.live,
        )  # fmt: skip

    def _take(self, turn: TurnLine, markdown: bool | None = None) -> int:
        self.turn = turn
        self._markdown = self._markdown if markdown is None else markdown
        for role in _CONTROLS:
            self.set_class(turn.role == role, f"-{role}")
        self.set_class(bool(turn.note) and not turn.live, "-fault")
        return self._body.show(turn.text, live=turn.live, markdown=self._markdown and turn.role == "assistant")
