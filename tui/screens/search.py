"""Finds what was ever said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from engine.conversations import Hit
from engine.display import visible_line
from engine.errors import TunesmithError
from tui.renderables.ago import ago
from tui.renderables.fitted import QUIET, Fitted, columns, marked
from tui.screens.dialog import Dialog, Key
from tui.state.picking import match_spans
from tui.widgets.filter_list import FilterList, Row

_PAUSE_S = 0.06
_SPEAKERS = {"user": "you", "assistant": "reply", "system": "system"}
_NOTHING_TYPED = "Type a word or the beginning of one. Everything you and the models ever said is searched."

Found = tuple[int, int | None]
"""A conversation's id, and the turn's; None where only the title was found."""


class SearchScreen(Dialog[Found]):
    """A line to type into, and what was found while typing. Gives a `Found`, or None."""

    HEADING = "Find in conversations"
    KEYS = (Key("Enter", "opens it there", "choose"), Key("↑↓", "move"), Key("Esc", "closes", "close"))

    DEFAULT_CSS: ClassVar[str] = ""

    def __init__(self, search: Callable[[str], Sequence[Hit]], *, clock: Callable[[], float] = time.time) -> None:
        """Make the dialog.

        Args:
            search: Finds turns and titles; called while the person types, so it has to be quick.
            clock: Seconds since the epoch.
        """
        super().__init__()
        self._search = search
        self._clock = clock
        self._pause: Timer | None = None
        self._hits: dict[str, Hit] = {}
        self._searched = ""

    def parts(self) -> Iterator[Widget]:
        """The line and the list."""
        yield FilterList(placeholder="Words to find")

    def on_mount(self) -> None:
        """Say what can be done."""
        self.query_one(FilterList).show([], note=_NOTHING_TYPED)

    def action_choose(self) -> None:
        """Open what is under the cursor."""
        self._choose(self.query_one(FilterList).highlighted_id)

    @on(FilterList.Filtered)
    def _typed(self) -> None:
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_PAUSE_S, self._find)

    @on(FilterList.Chosen)
    def _chosen(self, event: FilterList.Chosen) -> None:
        self._choose(event.row_id)

    def _choose(self, row_id: str) -> None:
        # Enter right after typing: the list may still be that of the words before.
        if self.query_one(FilterList).query_text != self._searched:
            self._find()
            return
        if hit := self._hits.get(row_id):
            self.dismiss((hit.conversation_id, hit.turn_id))

    def _find(self) -> None:
        if not self.is_open:
            return
        filter_list = self.query_one(FilterList)
        query = self._searched = filter_list.query_text
        hits: Sequence[Hit] = ()
        note = ""
        try:
            hits = self._search(query) if query else ()
        except TunesmithError as error:
            note = visible_line(str(error))
        if not hits and not note:
            note = f"Nothing was said about “{visible_line(query)}”." if query else _NOTHING_TYPED
        self._hits = {str(place): hit for place, hit in enumerate(hits)}
        now_s = self._clock()
        rows = [Row(row_id, _drawing(hit, query, now_s)) for row_id, hit in self._hits.items()]
        filter_list.show(rows, note="" if hits else note)
        self.frame.border_subtitle = Content(f"{len(hits)} found" if hits else "")


def _drawing(hit: Hit, query: str, now_s: float) -> Fitted:
    title = visible_line(hit.title) or "Untitled"
    snippet = visible_line(hit.snippet)
    speaker = _SPEAKERS.get(hit.role or "", "title")
    when = ago(now_s - hit.created_s)

    def lay_out(width: int) -> Content:
        right = Content.styled(f"{speaker} · {when}", QUIET)
        first = columns(
            (Content.styled(title, "bold"), width - right.cell_length - 2, False), (right, right.cell_length, True)
        )
        second = Content.assemble("  ", marked(snippet, match_spans(snippet, query))).truncate(width, ellipsis=True)
        return Content("\n").join([first, second])

    return Fitted(lay_out, height=2)
