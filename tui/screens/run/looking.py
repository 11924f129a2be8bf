"""How the curve is looked at: the cursor, the scale, smoothing, and scrolling."""

from __future__ import annotations

from abc import abstractmethod

from textual import on
from textual.containers import VerticalScroll
from textual.screen import Screen

from tui.state.run import RunView
from tui.state.run_chart import Lens, extent, jumped, moved, next_smoothing
from tui.widgets.curve_view import CurveView

_DETAILS_COLUMNS = 100
"""From this width on, there is room for the details beside the curve."""


class Looking(Screen[None]):
    """A screen with a curve on it."""

    _view: RunView | None
    _lens: Lens

    @abstractmethod
    def _draw(self) -> None:
        """Draw everything anew."""

    @property
    def lens(self) -> Lens:
        """How the curve is looked at."""
        return self._lens

    def _look(self, lens: Lens) -> None:
        self._lens = lens
        self._draw()

    # The cursor

    @on(CurveView.Pointed)
    def _point(self, event: CurveView.Pointed) -> None:
        self._look(self._lens.with_(cursor=event.step))

    def action_run_earlier(self) -> None:
        """Move the cursor a column to the left."""
        self._move(-1)

    def action_run_later(self) -> None:
        """Move the cursor a column to the right."""
        self._move(1)

    def _move(self, columns: int) -> None:
        if self._view is not None:
            self._look(moved(self._view, self._lens, columns, self.query_one(CurveView).drawing.steps_per_column))

    def action_run_evaluation_before(self) -> None:
        """Jump to the evaluation before."""
        if self._view is not None:
            self._look(jumped(self._view, self._lens, -1))

    def action_run_evaluation_after(self) -> None:
        """Jump to the evaluation after."""
        if self._view is not None:
            self._look(jumped(self._view, self._lens, 1))

    def action_run_first(self) -> None:
        """Point at the first step."""
        if self._view is not None:
            self._look(self._lens.with_(cursor=extent(self._view, self._lens)[0]))

    def action_run_last(self) -> None:
        """Follow the end."""
        self._look(self._lens.with_(cursor=None))

    # How it is drawn

    def action_run_scale(self) -> None:
        """Linear or logarithmic."""
        self._look(self._lens.with_(log=not self._lens.log))

    def action_run_smoothing(self) -> None:
        """More smoothing, or none."""
        self._look(self._lens.with_(smoothing=next_smoothing(self._lens.smoothing)))

    def action_run_whole(self) -> None:
        """All of the history, or the last steps."""
        self._look(self._lens.with_(whole=not self._lens.whole))

    def action_run_details(self) -> None:
        """The replies, or what the run is, where there is no room for both."""
        if self.size.width >= _DETAILS_COLUMNS:
            details = self.query_one("#run-details")
            details.display = not details.display
        else:
            self.toggle_class("-detailed")
        self.call_after_refresh(self._draw)

    def action_run_up(self) -> None:
        """Scroll up."""
        self._scrolled.scroll_up(animate=False)

    def action_run_down(self) -> None:
        """Scroll down."""
        self._scrolled.scroll_down(animate=False)

    @property
    def _scrolled(self) -> VerticalScroll:
        narrow = self.has_class("-detailed") and self.size.width < _DETAILS_COLUMNS
        return self.query_one("#run-details" if narrow else "#run-replies", VerticalScroll)
