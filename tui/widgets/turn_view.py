"""One turn: who speaks, which version, the text, and beneath it a note and the figures."""

from __future__ import annotations

from typing import ClassVar

from msgspec import structs
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from tui.state.turns import TurnLine
from tui.widgets.reply_body import ReplyBody
from tui.widgets.row_paint import Piece, paint_pieces, paint_row
from tui.widgets.turn_frame import TurnWish, foot_rows, head_pieces

_LOOKS = ("label", "quiet", "control", "hot", "note", "waiting", "live")
_MARKDOWN_LOOKS = (
    *("title", "heading", "strong", "em", "strike", "link", "inline"),
    *("code", "keyword", "string", "number", "name", "comment"),
)
_PARTIAL_LOOKS = frozenset(_MARKDOWN_LOOKS) - {"code"}
"""Laid over what they are in, be it code or not."""
_HEAD_ROWS = 1
_CURSOR = "▍"
_CURSOR_CELLS = 1
_READING = " reading the prompt…"


class TurnView(Widget):
    """A turn of the transcript. It paints its rows itself: one widget, of which only what is visible is painted."""

    DEFAULT_CSS = """
    TurnView {
        width: 1fr;
        max-width: 110;
        height: auto;
        padding: 0 1;
        margin: 0 0 1 0;
        border-left: outer $panel;
        &.-user { border-left: outer $secondary; }
        &.-assistant { border-left: outer $primary; }
        &.-fault { border-left: outer $error; }
        &.-cursor { background: $surface; border-left: thick $accent; }
        & > .turn--label { text-style: bold; color: $text-muted; }
        &.-user > .turn--label { color: $text-secondary; }
        &.-assistant > .turn--label { color: $text-primary; }
        & > .turn--quiet { color: $text-muted; }
        & > .turn--control { color: $text-muted; }
        & > .turn--hot { color: $foreground; text-style: underline; }
        & > .turn--note { color: $text-error; }
        & > .turn--waiting { color: $text-muted; text-style: italic; }
        & > .turn--live { color: $accent; }
        & > .turn--title { color: $text-primary; text-style: bold underline; }
        & > .turn--heading { color: $text-primary; text-style: bold; }
        & > .turn--strong { text-style: bold; }
        & > .turn--em { text-style: italic; }
        & > .turn--strike { text-style: strike; }
        & > .turn--link { color: $text-accent; }
        & > .turn--inline { color: $text-accent; background: $panel; }
        & > .turn--code { background: $panel; }
        & > .turn--keyword { color: $text-primary; text-style: bold; }
        & > .turn--string { color: $text-success; }
        & > .turn--number { color: $text-accent; }
        & > .turn--name { color: $text-secondary; }
        & > .turn--comment { color: $text-muted; text-style: italic; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"turn--{look}" for look in (*_LOOKS, *_MARKDOWN_LOOKS)}

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
        self._foot: list[Piece] = []
        self._hot = ""
        self._take(turn, markdown=markdown)

    def show(self, turn: TurnLine, *, markdown: bool) -> None:
        """Show this turn in place of the one before, or more of the same."""
        if turn is self.turn and markdown == self._markdown:
            return
        old, rows = self.turn, self._row_count
        first = self._take(turn, markdown=markdown)
        if old.id != turn.id and self.text_selection is not None:
            self.screen.clear_selection()
        if rows == self._row_count and _same_frame(old, turn) and self._body_rows:
            first = min(first, self._body_rows - 1)
            self.refresh(Region(0, _HEAD_ROWS + first, self.size.width, self._body_rows - first))
        else:
            self.refresh(layout=True)

    @property
    def place_of_text(self) -> int:
        """The first row of the text, from the top of the widget."""
        return _HEAD_ROWS

    def show_cursor(self, here: bool) -> None:
        """Show whether the keys act on this turn."""
        if here != self.has_class("-cursor"):
            self.set_class(here, "-cursor")
            self._refresh_head()

    # What is drawn

    def _take(self, turn: TurnLine, *, markdown: bool) -> int:
        self.turn, self._markdown = turn, markdown
        for role in ("user", "assistant", "system"):
            self.set_class(turn.role == role, f"-{role}")
        self.set_class(bool(turn.note) and not turn.live, "-fault")
        first = self._body.show(turn.text, live=turn.live, markdown=markdown and turn.role == "assistant")
        self._foot = list(foot_rows(turn, self._text_width)) if turn.note or turn.figures else []
        return first

    @property
    def _text_width(self) -> int:
        return self._body.rows.width

    @property
    def _body_rows(self) -> int:
        if self._body.empty:
            return 1 if self.turn.live else 0
        return len(self._body.rows)

    @property
    def _row_count(self) -> int:
        return _HEAD_ROWS + self._body_rows + len(self._foot)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The rows at this width, in which the last cell of each is kept for the cursor of a reply that streams."""
        self._body.rows.rewrap(max(1, width - _CURSOR_CELLS))
        self._foot = list(foot_rows(self.turn, self._text_width))
        return self._row_count

    def render_line(self, y: int) -> Strip:
        """Paint one row."""
        width = self.size.width
        if y < _HEAD_ROWS:
            return paint_pieces(head_pieces(self.turn, revealed=self._revealed, hot=self._hot), width, self._style_of)
        if (row := y - _HEAD_ROWS) < self._body_rows:
            return self._paint_body(row, width)
        row -= self._body_rows
        return paint_pieces(self._foot[row : row + 1], width, self._style_of)

    def _paint_body(self, number: int, width: int) -> Strip:
        if self._body.empty:
            words = "" if self.turn.note else _READING
            return paint_pieces((Piece(_CURSOR, "live"), Piece(words, "waiting")), width, self._style_of)
        row = self._body.rows.rows[number]
        ends = self.turn.live and number == len(self._body.rows) - 1
        return paint_row(
            self._body.rows.lines[row.line],
            row,
            width,
            self._style_of,
            self.text_selection,
            selected=self.selection_style,
            tail=_CURSOR if ends else "",
        )

    def _style_of(self, look: str) -> Style:
        if not look:
            return self.rich_style
        whole = self.get_component_rich_style(f"turn--{look}")
        if look not in _PARTIAL_LOOKS:
            return whole
        partial = self.get_component_rich_style(f"turn--{look}", partial=True)
        # A colour that depends on the background is only right in the whole style.
        return partial + Style(color=whole.color) if partial.color else partial

    # What the mouse does

    @property
    def _revealed(self) -> bool:
        return self.has_class("-cursor") or self.mouse_hover

    def _refresh_head(self) -> None:
        self.refresh(Region(0, 0, self.size.width, _HEAD_ROWS))

    def on_enter(self) -> None:
        """Show what can be done with the turn."""
        self._refresh_head()

    def on_leave(self) -> None:
        """Hide it again."""
        self._hot = ""
        self._refresh_head()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show which control a click would use."""
        hot = str(event.style.meta.get("@click", ""))
        if hot != self._hot:
            self._hot = hot
            self._refresh_head()

    def on_click(self) -> None:
        """Take the cursor here."""
        self.post_message(self.Picked(self.turn.id))

    def action_ask(self, wish: TurnWish) -> None:
        """Ask for something to be done with this turn."""
        self.post_message(self.Asked(self.turn.id, wish))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected part of the text, exactly as it is shown, tabs and spaces included."""
        return self._body.selected(selection), "\n"


def _same_frame(old: TurnLine, new: TurnLine) -> bool:
    """Is all but the text as it was."""
    return bool(structs.replace(old, text="") == structs.replace(new, text=""))
