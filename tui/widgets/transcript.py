"""The conversation: its turns, and a cursor to act on them by keys and mouse."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from tui.commands import bindings
from tui.state.turns import TurnLine
from tui.state.window import around
from tui.widgets.turn_frame import TurnWish
from tui.widgets.turn_view import TurnView
from tui.widgets.turn_window import TurnWindow

_PAGE_OVERLAP_ROWS = 2


class Transcript(TurnWindow, can_focus=True, inherit_bindings=False):
    """The turns of a conversation, with a cursor on one of them while it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("transcript"),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
    ]

    class TurnAction(Message):
        """A person wants something done with a turn."""

        def __init__(self, action: TurnWish, turn_id: int) -> None:
            super().__init__()
            self.action = action
            self.turn_id = turn_id

    class Leave(Message):
        """The cursor went below the last turn."""

    def on_focus(self) -> None:
        """Put the cursor on the last turn in sight, unless it still is in sight."""
        seen = [view for view in self._views if self._in_sight(view)]
        if seen and self._cursor not in [view.turn.id for view in seen]:
            self._cursor = seen[-1].turn.id
        self._show_cursor()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self._show_cursor()

    def _in_sight(self, view: TurnView) -> bool:
        region = self._regions.get(view)
        return region is not None and region.bottom > self.scroll_y and region.y < self.scroll_y + self.size.height

    def _move_to(self, index: int) -> None:
        """Put the cursor on a turn and bring it into sight."""
        self._cursor = self._lines[index].id
        if index not in self._window:
            self._following = False
            self._fit(around(index, len(self._lines)))
            self._aim = self._views[index - self._window.start]
            self.refresh(layout=True)
        else:
            self._bring_into_sight(self._views[index - self._window.start])
        self._show_cursor()

    def _bring_into_sight(self, view: TurnView) -> None:
        region, page = self._regions.get(view), self.size.height - self._hint_rows
        if region is None:
            self._aim = view
        elif region.y < self.scroll_y:
            self._scroll(region.y if region.height <= page else region.bottom - page)
        elif region.bottom > self.scroll_y + page:
            self._scroll(region.bottom - page if region.height <= page else region.y)

    def action_turn_previous(self) -> None:
        """Move up by a turn; first to the top of one that is higher than the screen."""
        index = self._cursor_index()
        if index is None:
            self.on_focus()
            return
        region = self._region_of(index)
        if region is not None and region.y < self.scroll_y and region.height > self.size.height:
            self._scroll(max(region.y, self.scroll_y - self.size.height + _PAGE_OVERLAP_ROWS))
        elif index > 0:
            self._move_to(index - 1)
        else:
            self._scroll(0)

    def action_turn_next(self) -> None:
        """Move down by a turn; first to the end of one that is higher than the screen; from the last one leave."""
        index, page = self._cursor_index(), self.size.height
        region = self._region_of(index) if index is not None else None
        if region is not None and region.bottom > self.scroll_y + page and region.height > page:
            self._scroll(min(region.bottom - page, self.scroll_y + page - _PAGE_OVERLAP_ROWS))
        elif index is None or index == len(self._lines) - 1:
            self.post_message(self.Leave())
        else:
            self._move_to(index + 1)

    def _region_of(self, index: int) -> Region | None:
        return self._regions.get(self._views[index - self._window.start]) if index in self._window else None

    def action_turn_first(self) -> None:
        """Go to the beginning of the conversation."""
        if self._lines:
            self._move_to(0)
            self._scroll(0)

    def action_turn_last(self) -> None:
        """Go to the end of the conversation and follow it again."""
        self.follow()
        if self._lines:
            self._cursor = self._lines[-1].id
            self._show_cursor()

    def on_turn_view_picked(self, event: TurnView.Picked) -> None:
        """Put the cursor where the mouse clicked."""
        event.stop()
        self._cursor = event.turn_id
        self._show_cursor()

    # What can be done with a turn

    def on_turn_view_asked(self, event: TurnView.Asked) -> None:
        """Pass on what the mouse asked for."""
        event.stop()
        self.post_message(self.TurnAction(event.wish, event.turn_id))

    def _wish(self, wish: TurnWish) -> None:
        turn = self._target("user" if wish == "edit" else "assistant")
        if (
            turn is None
            or (wish == "older" and turn.version <= 1)
            or (wish == "newer" and turn.version >= turn.versions)
        ):
            return
        self.post_message(self.TurnAction(wish, turn.id))

    def _target(self, role: str) -> TurnLine | None:
        """The turn under the cursor, or the last one of a role."""
        index = self._cursor_index()
        if index is not None:
            return self._lines[index]
        return next((line for line in reversed(self._lines) if line.role == role), None)

    def action_turn_edit(self) -> None:
        """Edit the turn under the cursor."""
        self._wish("edit")

    def action_turn_regenerate(self) -> None:
        """Answer once more."""
        self._wish("regenerate")

    def action_turn_continue(self) -> None:
        """Go on from the end."""
        self._wish("continue")

    def action_turn_copy(self) -> None:
        """Copy the text."""
        self._wish("copy")

    def action_turn_older_version(self) -> None:
        """Show the version before."""
        self._wish("older")

    def action_turn_newer_version(self) -> None:
        """Show the version after."""
        self._wish("newer")

    def action_page_up(self) -> None:
        """Scroll up by a page."""
        self._scroll(self.scroll_y - self.size.height + _PAGE_OVERLAP_ROWS)

    def action_page_down(self) -> None:
        """Scroll down by a page."""
        self._scroll(self.scroll_y + self.size.height - _PAGE_OVERLAP_ROWS)
