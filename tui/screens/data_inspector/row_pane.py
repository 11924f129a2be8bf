"""Row by row: as it is in the data, as the model sees it, and token by token."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from engine.corpus.views import RowView
from tui.renderables.data_row import legend, raw_content, row_title, seen_content, tokens_content
from tui.renderables.fitted import Fitted
from tui.state.inspection import Inspection

_TEN = 10
_HINT = "←→ rows · Shift+←→ by ten · G by number · Home first · W whole texts"
_FIRST_LOOK = "Name some data above: a file, a folder, or a hub data set. Enter looks at it."


class RowPane(Vertical):
    """One row."""

    DEFAULT_CSS = """
    RowPane {
        #row-title { height: auto; padding: 0 1; text-style: bold; }
        #row-body { height: 1fr; scrollbar-size-vertical: 1; padding: 0 1; }
        #row-body:focus { background: $background 50%; }
        #row-columns { height: auto; layout: vertical; }
        .row--side { height: auto; width: 100%; }
        #row-tokens, #row-seen { margin-top: 1; }
        #row-legend, #row-hint { height: auto; padding: 0 1; color: $text-muted; }
    }
    """

    class Asked(Message):
        """Somebody wants to see another row."""

        def __init__(self, row: int) -> None:
            """Carry its number, counted from 1."""
            super().__init__()
            self.row = row

    class NumberAsked(Message):
        """Somebody wants to name a row."""

    class Body(VerticalScroll):
        """What scrolls, and takes the keys."""

        BINDINGS: ClassVar[list[BindingType]] = [
            Binding("right,n", "step(1)", show=False),
            Binding("left,p", "step(-1)", show=False),
            Binding("shift+right", f"step({_TEN})", show=False),
            Binding("shift+left", f"step(-{_TEN})", show=False),
            Binding("home", "step(0)", show=False),
            Binding("g", "number", show=False),
            Binding("w", "whole", show=False),
        ]

        def action_step(self, by: int) -> None:
            """Go to another row; 0 goes to the first."""
            pane = self.query_ancestor(RowPane)
            pane.post_message(RowPane.Asked(max(1, pane.at + by) if by else 1))

        def action_number(self) -> None:
            """Ask for the number of a row."""
            self.post_message(RowPane.NumberAsked())

        def action_whole(self) -> None:
            """Show long texts whole, or shortened."""
            self.query_ancestor(RowPane).toggle_whole()

    at = 1
    """The row that is shown."""
    _view: RowView | None = None
    _is_whole = False

    def compose(self) -> ComposeResult:
        """Its title, its three looks, and what the marks mean."""
        yield Static("", id="row-title", markup=False)
        with self.Body(id="row-body"), Horizontal(id="row-columns"):
            with Vertical(classes="row--side", id="row-left"):
                yield Static("", id="row-raw", markup=False)
                yield Static("", id="row-seen", markup=False)
            with Vertical(classes="row--side"):
                yield Static("", id="row-tokens", markup=False)
        yield Static(legend(), id="row-legend", markup=False)
        yield Static(_HINT, id="row-hint", markup=False)

    def toggle_whole(self) -> None:
        """Show long texts whole, or shortened."""
        self._is_whole = not self._is_whole
        self._draw()

    def show(self, seen: Inspection) -> None:
        """Show what is known."""
        title = ""
        if seen.is_past_end:
            title = f"There is no row {seen.at:,}: the data ends before it. ← goes back."
        elif seen.row is not None:
            title = row_title(seen.row)
        elif seen.opened is not None:
            title = "Reading…"
        elif not seen.spec.source:
            title = _FIRST_LOOK
        self.query_one("#row-title", Static).update(title)
        self.at = seen.at
        if seen.row is not self._view:
            self._view = seen.row
            self._draw()
            self.query_one("#row-body").scroll_home(animate=False)

    def _draw(self) -> None:
        view, whole = self._view, self._is_whole
        raw, seen, tokens = (self.query_one(f"#row-{part}", Static) for part in ("raw", "seen", "tokens"))
        raw.display = view is not None
        seen.display = view is not None and bool(view.parts)
        tokens.display = view is not None and bool(view.tokens)
        if view is not None:
            raw.update(Fitted(lambda width: raw_content(view, width, whole=whole)))
            seen.update(seen_content(view))
            tokens.update(tokens_content(view))
