"""One turn: who speaks, which version, the text, and beneath it a note and the figures."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from tui.state.turns import TurnLine
from tui.widgets.growth import GrowingText
from tui.widgets.reply_body import ReplyBody
from tui.widgets.row_paint import Looks, Piece, fill_row, paint_pieces, paint_row
from tui.widgets.turn_frame import TurnWish, foot_rows, head_pieces

_HEAD_ROWS = 1
_CURSOR = "▍"
_CURSOR_CELLS = 1
_READING = " reading the prompt…"


class TurnView(GrowingText):
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
    }
    """

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

    def __init__(self, turn: TurnLine, *, markdown: bool, looks: Looks) -> None:
        """Show a turn.

        Args:
            turn: The turn.
            markdown: Show a reply as Markdown.
            looks: Finds what is laid over the widget's own style; one for all turns, as Textual works out the
                styles of a widget's parts for every widget anew (6 ms for all of these).
        """
        super().__init__()
        self._looks = looks
        self.turn = turn
        self._body = ReplyBody()
        self._foot: list[Piece] = []
        self._hot = ""
        self._base: Style | None = None
        self._take(turn, markdown=markdown)

    def show(self, turn: TurnLine, *, markdown: bool) -> None:
        """Show this turn in place of the one before, or more of the same."""
        if turn is self.turn and markdown == self._markdown:
            return
        old, rows = self.turn, self._row_count
        first = self._take(turn, markdown=markdown)
        if old.id != turn.id and self.text_selection is not None:
            self.screen.clear_selection()
        if rows > self._row_count or not _same_frame(old, turn) or not self._body_rows:
            self.refresh(layout=True)
            return
        first = _HEAD_ROWS + min(first, self._body_rows - 1)
        changed = Region(0, first, self.size.width, self._row_count - first)
        if rows == self._row_count:
            self._forget_heights()
        self.refresh(changed, layout=rows < self._row_count)

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
        self._wrap(width)
        return self._row_count

    def _wrap(self, width: int) -> None:
        text_width = max(1, width - _CURSOR_CELLS)
        if text_width != self._text_width:
            self._body.rows.rewrap(text_width)
            self._foot = list(foot_rows(self.turn, text_width))

    def _forget_heights(self) -> None:
        """Textual remembers the heights at widths that were there before; the text is another one since."""
        self._box_model_cache.clear()
        if isinstance(self.parent, Widget):
            self.parent._clear_arrangement_cache()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint rows, all of them on the one style: Textual asks every ancestor for it (0.1 ms)."""
        self._wrap(self.size.width)  # a height that Textual remembers was not asked for again
        self._base = self.rich_style
        try:
            return super().render_lines(crop)
        finally:
            self._base = None

    def render_line(self, y: int) -> Strip:
        """Paint one row."""
        row = y - _HEAD_ROWS
        if row < 0:
            return self._paint(head_pieces(self.turn, revealed=self._revealed, hot=self._hot))
        if row >= self._body_rows:
            row -= self._body_rows
            return self._paint(self._foot[row : row + 1])
        if self._body.empty:
            return self._paint((Piece(_CURSOR, "live"), Piece("" if self.turn.note else _READING, "waiting")))
        return self._paint_body(row)

    def _paint(self, pieces: Iterable[Piece]) -> Strip:
        return paint_pieces(pieces, self.size.width, self._base or self.rich_style, self._looks)

    def _paint_body(self, number: int) -> Strip:
        rows, base = self._body.rows, self._base or self.rich_style
        row = rows.rows[number]
        line = rows.lines[row.line]
        if line.look:
            base += self._looks(line.look)
        selection = self.text_selection
        selected = Style.null() if selection is None else self.selection_style
        strip = paint_row(line, row, base, self._looks, selection=selection, selected=selected)
        ends = self.turn.live and number == len(rows) - 1
        return fill_row(strip, self.size.width, base, Segment(_CURSOR, base + self._looks("live")) if ends else None)

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
