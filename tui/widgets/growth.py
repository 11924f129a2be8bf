"""What growing may cost: one layout and one frame.

Textual lays a screen out once more when the size of what a widget holds has changed, and paints a scroll bar in a
frame of its own. For a reply that grows thirty times a second that doubles the work, and what goes over the line.
"""

from __future__ import annotations

from textual.geometry import Region, Size
from textual.scrollbar import ScrollBar
from textual.widget import Widget

from tui.widgets.quick_scroll_bar import QuickScrollBar


class GrowingText(Widget):
    """A widget that is as high as its text: once it has its size, nothing else has to move.

    A row that was painted stays as it is when others come below it; whoever changes its text refreshes its rows.
    """

    _grows = False

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        self._grows = size.width == self._size.width and size.height > self._size.height
        try:
            return super()._size_updated(size, virtual_size, container_size, layout=False)
        finally:
            self._grows = False

    def _set_dirty(self, *regions: Region) -> None:
        if self._grows and not regions:
            self._dirty_regions.add(self.outer_size.region)
            self._repaint_regions.add(self.outer_size.region)
        else:
            super()._set_dirty(*regions)


class GrowingWindow(Widget):
    """A vertical window on something that grows, with a scroll bar whose place is always kept free."""

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """The scroll bar, made when it is first asked for, as Textual does."""
        if self._vertical_scrollbar is None:
            bar = QuickScrollBar(vertical=True, name="vertical", thickness=self.scrollbar_size_vertical)
            bar.display = False
            self._vertical_scrollbar = bar
            self.app._start_widget(self, bar)
        return self._vertical_scrollbar

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        return super()._size_updated(size, virtual_size, container_size, layout and size != self._size)

    def _scroll_update(self, virtual_size: Size) -> None:
        bar, height = self.vertical_scrollbar, self.container_size.height
        if self.show_vertical_scrollbar and bar.window_size == height:
            bar.set_reactive(ScrollBar.window_virtual_size, virtual_size.height)
            bar._set_dirty()
            self.screen._compositor.update_widgets({bar})  # into the frame that is being made
            self.scroll_y = self.validate_scroll_y(self.scroll_y)
            if virtual_size.height > height:
                return
        super()._scroll_update(virtual_size)
