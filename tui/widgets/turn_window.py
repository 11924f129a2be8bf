"""The turns near the reader: which are mounted, where the reader is, and when they follow what comes in."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.geometry import Region, Size
from textual.layout import DockArrangeResult
from textual.reactive import reactive
from textual.scrollbar import ScrollBar
from textual.widget import Widget
from textual.widgets import Static

from tui.state.turns import TurnLine
from tui.state.window import Window, earlier, later, newest, refitted
from tui.widgets.growth import GrowingWindow
from tui.widgets.newest_hint import NewestHint
from tui.widgets.turn_looks import TurnLooks
from tui.widgets.turn_view import TurnView

_DROPPED = "┄┄ the turns above no longer fit in the model's window ┄┄"


class TurnWindow(TurnLooks, GrowingWindow):
    """The turns of a conversation, of which only those near the reader are mounted.

    It follows what comes in while its end is in sight. Otherwise it keeps the first visible turn where it is,
    whatever happens above, below or to its width: every layout decides the scroll position anew.
    """

    DEFAULT_CSS = """
    TurnWindow {
        width: 1fr;
        height: 1fr;
        layout: vertical;
        layers: default hint;
        overflow: hidden auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        padding: 0 0 0 1;
    }
    TurnWindow > #dropped {
        display: none;
        width: 1fr;
        max-width: 110;
        margin: 0 0 1 0;
        text-align: center;
        color: $text-warning;
    }
    """
    markdown: reactive[bool] = reactive(False, init=False)
    """Replies are shown as Markdown, not as the model's very text."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[TurnLine, ...] = ()
        self._dropped = 0
        self._window = Window()
        self._views: list[TurnView] = []
        self._cursor: int | None = None
        self._following = True
        self._unseen = False
        self._aim: TurnView | None = None
        self._arranged: DockArrangeResult | None = None
        self._regions: dict[TurnView, Region] = {}
        self._reflowed = False

    @property
    def cursor_id(self) -> int | None:
        """The turn that the keys act on; None while the focus is elsewhere."""
        return self._cursor if self.has_focus else None

    def compose(self) -> ComposeResult:
        """The two lines that are not turns."""
        yield Static(_DROPPED, id="dropped", markup=False)
        yield NewestHint()

    def on_mount(self) -> None:
        """Show what was drawn before there was a screen."""
        self._fit(newest(len(self._lines)), anew=True)

    # What is drawn

    def draw(self, lines: Sequence[TurnLine], *, dropped: int = 0) -> None:
        """Show these turns; unchanged ones are best the same objects as before.

        Args:
            lines: All turns of the conversation. Another first id is another conversation, shown from its end.
            dropped: How many of the first turns the model no longer sees.
        """
        before, self._lines = self._lines, tuple(lines)
        self._dropped = dropped
        if not self.is_mounted:
            return
        if not _same_conversation(before, self._lines):
            self._following, self._aim = True, None
            self._cursor = self._lines[-1].id if self._lines and self.has_focus else None
            self._fit(newest(len(self._lines)), anew=True)
        else:
            self._keep_cursor(before)
            self._fit(refitted(self._window, len(before), len(self._lines), following=self._following))
            self._unseen = self._unseen or before[-1] is not self._lines[-1]
        self._show_hint()

    def watch_markdown(self) -> None:
        """Show the replies the other way."""
        self._reflowed = True
        self._show_views()

    def _fit(self, window: Window, *, anew: bool = False) -> None:
        """Mount the turns of a window and unmount the others; one far away reuses the mounted widgets."""
        old, self._window = self._window, window
        if anew or window.start >= old.stop or window.stop <= old.start:
            self._grow_below(len(window) - len(self._views))
        else:
            self._grow_above(old.start - window.start)
            self._grow_below(window.stop - old.stop)
        self._show_views()
        self._place_dropped()

    def _grow_above(self, count: int) -> None:
        if count < 0:
            self.remove_children(self._views[:-count])
            del self._views[:-count]
        elif count:
            views = [
                TurnView(line, markdown=self.markdown, looks=self.look)
                for line in self._lines[self._window.start :][:count]
            ]
            self.mount_all(views, before=self._views[0])
            self._views[:0] = views

    def _grow_below(self, count: int) -> None:
        if count < 0:
            self.remove_children(self._views[count:])
            del self._views[count:]
        elif count:
            added = self._lines[self._window.stop - count : self._window.stop]
            views = [self._view_of(line) for line in added]
            self.mount_all(views, after=self._views[-1] if self._views else None)
            self._views += views

    def _view_of(self, line: TurnLine) -> TurnView:
        return TurnView(line, markdown=self.markdown, looks=self.look)

    def _show_views(self) -> None:
        for view, line in zip(self._views, self._lines[self._window.start : self._window.stop], strict=True):
            view.show(line, markdown=self.markdown)
        self._show_cursor()

    def _place_dropped(self) -> None:
        marker = self.query_one("#dropped")
        marker.display = self._dropped > 0 and self._dropped in self._window
        if marker.display:
            view = self._views[self._dropped - self._window.start]
            if self.children[self.children.index(view) - 1] is not marker:
                self.move_child(marker, before=view)

    def _show_cursor(self) -> None:
        shown = self.cursor_id
        for view in self._views:
            view.show_cursor(view.turn.id == shown)

    def follow(self) -> None:
        """Go to the end and follow what comes in from now on; no turn is under the cursor then."""
        self._cursor = None
        self._fit(newest(len(self._lines)))
        self._following = True
        self.refresh(layout=True)
        self._scroll(self.max_scroll_y)
        self._show_hint()

    def on_newest_hint_clicked(self, event: NewestHint.Clicked) -> None:
        """Go to what is new."""
        event.stop()
        self.follow()

    # Where the reader is

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        """Lay the turns out, and with the same stroke move to where the reader is, so that no frame shows less."""
        result = super().arrange(size, optimal)
        if result is not self._arranged:
            self._arranged = result
            regions = {p.widget: p.region for p in result.placements if isinstance(p.widget, TurnView)}
            end = max(0, result.total_region.bottom - size.height)
            self._jump(max(0, min(end, self._kept_place(regions, end, size.height))))
            self._regions, self._reflowed = regions, False
            self.call_later(self._widen)
        return result

    def _kept_place(self, regions: dict[TurnView, Region], end: int, height: int) -> int:
        """The row that should be the first visible one in a new layout, whose last possible one is `end`."""
        top = self.scroll_offset.y
        if self._aim is not None and self._aim in regions:
            aim, self._aim = regions[self._aim], None
            return aim.y if aim.height >= height else aim.y - (height - aim.height) // 2
        if self._following:
            return end
        for view, old in self._regions.items():
            if old.bottom > top and view in regions:
                new, inside = regions[view], top - old.y
                if inside > 0 and (old.width != new.width or self._reflowed):
                    inside = inside * new.height // old.height
                return new.y + min(inside, new.height)
        return top

    def _jump(self, y: int) -> None:
        """Scroll from inside a layout, as what is being laid out must not begin another."""
        if y != self.scroll_y:
            self.set_reactive(Widget.scroll_y, y)
            self.set_reactive(Widget.scroll_target_y, y)
            self.vertical_scrollbar.set_reactive(ScrollBar.position, y)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow again at the end, else stay."""
        super().watch_scroll_y(old_value, new_value)
        self._following = self._window.stop == len(self._lines) and round(new_value) >= self.max_scroll_y
        self._show_hint()
        self.call_later(self._widen)

    def _show_hint(self) -> None:
        self._unseen = self._unseen and not self._following
        self.query_one(NewestHint).display = self._unseen

    @property
    def _hint_rows(self) -> int:
        """How many rows of the page the hint covers."""
        return int(self.query_one(NewestHint).display)

    def _widen(self) -> None:
        """Mount more turns where the reader comes within a page of the first or last."""
        page = self.size.height
        if not page or not self._views:
            return
        if self._window.start > 0 and self.scroll_y < page:
            self._fit(earlier(self._window, self._seen()))
        elif self._window.stop < len(self._lines) and self.scroll_y > self.max_scroll_y - page:
            self._fit(later(self._window, len(self._lines), self._seen()))

    def _seen(self) -> Window:
        """The mounted turns within a page of what is visible; all of them while some of their text is selected."""
        if any(isinstance(widget, TurnView) for widget in self.screen.selections):
            return self._window
        page, top = self.size.height, self.scroll_y
        near = [
            index
            for index, view in enumerate(self._views, self._window.start)
            if (region := self._regions.get(view)) and region.bottom >= top - page and region.y <= top + 2 * page
        ]
        return Window(near[0], near[-1] + 1) if near else self._window

    def _scroll(self, y: float) -> None:
        self.scroll_to(y=y, animate=False, immediate=True)

    def _keep_cursor(self, before: Sequence[TurnLine]) -> None:
        """Leave the cursor where it is when another turn, or the same with another id, comes to stand there."""
        if self._cursor is not None and self._cursor_index() is None:
            index = next((i for i, line in enumerate(before) if line.id == self._cursor), len(before))
            self._cursor = self._lines[min(index, len(self._lines) - 1)].id

    def _cursor_index(self) -> int | None:
        if self._cursor is None:
            return None
        near = range(self._window.start, min(self._window.stop, len(self._lines)))
        return next((i for i in (*near, *range(len(self._lines))) if self._lines[i].id == self._cursor), None)


def _same_conversation(before: Sequence[TurnLine], after: Sequence[TurnLine]) -> bool:
    """Does one grow out of the other; a turn that is stored at last changes its id, from below zero."""
    if not (before and after):
        return False
    return before[0].id == after[0].id or (before[0].id < 0 and before[0].role == after[0].role and len(before) <= 2)
