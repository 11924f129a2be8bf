"""A line to type into and a list that it narrows; the keys of both work from the line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.visual import Visual
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option


class Row(msgspec.Struct, frozen=True):
    """One entry of the list."""

    id: str
    """Empty for a heading or a note, which can't be chosen."""
    drawing: Content | Visual


class FilterList(Vertical):
    """The filter and its rows. Who owns it listens to `Filtered` and answers with `show`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move('cursor_down')", show=False),
        Binding("up", "move('cursor_up')", show=False),
        Binding("pagedown", "move('page_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
        Binding("ctrl+home", "move('first')", show=False),
        Binding("ctrl+end", "move('last')", show=False),
    ]

    DEFAULT_CSS = """
    FilterList {
        height: 1fr;
        #filter {
            height: 1; border: none; padding: 0 1; margin-bottom: 1; background: $panel;
            &:focus { border: none; background-tint: $foreground 4%; }
        }
        OptionList {
            height: 1fr; border: none; padding: 0; background: transparent; scrollbar-size-vertical: 1;
            & > .option-list--option { padding: 0 1; }
            & > .option-list--option-disabled { color: $text-muted; }
            & > .option-list--option-highlighted {
                background: $primary 30%; color: $foreground; text-style: none;
            }
            & > .option-list--option-hover { background: $foreground 7%; }
        }
        #filter-note { height: auto; padding: 0 1; color: $text-muted; display: none; }
        &.-noted { OptionList { display: none; } #filter-note { display: block; height: 1fr; } }
    }
    """

    class Filtered(Message):
        """The person typed something else."""

        def __init__(self, query: str) -> None:
            """Carry what is in the line now."""
            super().__init__()
            self.query = query

    class Highlighted(Message):
        """Another row is under the cursor."""

        def __init__(self, row_id: str) -> None:
            """Carry its id; empty where there is none."""
            super().__init__()
            self.row_id = row_id

    class Chosen(Message):
        """The person chose a row, by Enter or a click."""

        def __init__(self, row_id: str) -> None:
            """Carry its id."""
            super().__init__()
            self.row_id = row_id

    def __init__(self, *, placeholder: str, id: str | None = None) -> None:
        """Make an empty list.

        Args:
            placeholder: What can be typed, shown while nothing is.
            id: The widget's id.
        """
        super().__init__(id=id)
        self._placeholder = placeholder
        self._highlighted = ""

    def compose(self) -> ComposeResult:
        """The line, the list, and a word for when the list is empty."""
        yield Input(placeholder=self._placeholder, id="filter", compact=True)
        options = OptionList(markup=False, id="rows")
        options.can_focus = False
        yield options
        yield Static("", id="filter-note", markup=False)

    @property
    def query_text(self) -> str:
        """What is in the line, without the space around it."""
        return self.query_one("#filter", Input).value.strip()

    @property
    def highlighted_id(self) -> str:
        """The id of the row under the cursor; empty where there is none."""
        return self._highlighted

    def focus_filter(self) -> None:
        """Put the cursor into the line."""
        self.query_one("#filter", Input).focus()

    def show(self, rows: Sequence[Row], *, highlight: str = "", note: str = "") -> None:
        """Show rows.

        Args:
            rows: From top to bottom; the ids are unique.
            highlight: The row to put the cursor on; the first where there is no such row.
            note: Words in place of the list; given where there are no rows.
        """
        options = self.query_one(OptionList)
        options.set_options(Option(row.drawing, id=row.id or None, disabled=not row.id) for row in rows)
        self.set_class(bool(note), "-noted")
        self.query_one("#filter-note", Static).update(note)
        places = {row.id: place for place, row in enumerate(rows) if row.id}
        if highlight in places:
            options.highlighted = places[highlight]
        elif places:
            options.highlighted = min(places.values())
        if not places or options.highlighted is None:
            self._tell("")
        elif min(places.values()) == options.highlighted:
            options.scroll_home(animate=False)

    def action_move(self, how: str) -> None:
        """Move the cursor of the list."""
        options = self.query_one(OptionList)
        if options.option_count:
            getattr(options, f"action_{how}")()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Filtered(event.value.strip()))

    @on(Input.Submitted, "#filter")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionHighlighted)
    def _row_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        # Messages wait in a queue: the row may be gone by now.
        if event.option in event.option_list.options:
            self._tell(event.option_id or "")

    @on(OptionList.OptionSelected)
    def _row_chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id and event.option in event.option_list.options:
            self._tell(event.option_id)
            self.post_message(self.Chosen(event.option_id))

    def _tell(self, row_id: str) -> None:
        self._highlighted = row_id
        self.post_message(self.Highlighted(row_id))
