"""The panel beside the chat: the run that is being trained, or how to start one."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.renderables.link import link
from tui.state.run import RunView
from tui.state.run_chart import Lens, chart_of
from tui.widgets.curve_view import CurveView
from tui.widgets.dock_parts import (
    CheckpointsPart,
    answers_part,
    figures_part,
    head_part,
    invitation,
    keys_part,
    notes_part,
)
from tui.widgets.painted import Painted

_LENS = Lens()
_MIN_POINTS = 2


class Dock(VerticalScroll):
    """A run in 34 columns."""

    DEFAULT_CSS: ClassVar[str] = """
    Dock {
        width: 34;
        background: $surface;
        border-left: tall $background;
        padding: 0 1;
        scrollbar-size-vertical: 0;
        #dock-top { height: 1; margin-bottom: 1; }
        #dock-title { width: 1fr; color: $text-muted; text-style: bold; }
        #dock-more { width: auto; display: block; color: $text-muted; }
        #dock-curve { height: 10; margin-top: 1; }
        .-short & #dock-curve { height: 7; }
        #dock-figures, #dock-answers, #dock-checkpoints, #dock-notes { margin-top: 1; }
        #dock-keys { dock: bottom; padding-top: 1; background: $surface; }
    }
    """

    can_focus = False

    def __init__(self, *, id: str) -> None:
        """Make it empty: it invites to start a run."""
        super().__init__(id=id)
        self._view: RunView | None = None
        self._was_shown = self._is_laid_out = False

    async def on_show(self) -> None:
        """Be seen."""
        await self._lay_out()

    async def _lay_out(self) -> None:
        """Make the parts when they are to be seen for the first time: mostly that is never."""
        if not self._was_shown:
            self._was_shown = True
            await self.mount_compose(self._parts())
            self._is_laid_out = True
            self.draw(self._view)

    def _parts(self) -> ComposeResult:
        """From top to bottom."""
        with Horizontal(id="dock-top"):
            yield Static("Training", id="dock-title", markup=False)
            yield Painted(id="dock-more")
        yield Painted(id="dock-head")
        yield Painted(id="dock-notes")
        yield CurveView(id="dock-curve")
        yield Painted(id="dock-figures")
        yield Painted(id="dock-answers")
        yield Painted(id="dock-checkpoints")
        yield Painted(id="dock-keys")

    @property
    def view(self) -> RunView | None:
        """The run that is shown."""
        return self._view

    def draw(self, view: RunView | None) -> None:
        """Show a run; None invites to start one."""
        self._view = view
        if not self._is_laid_out:
            if self.display and not self._was_shown:
                self.call_next(self._lay_out)  # unfolded beneath another screen, it is not told that it is shown
            return
        width = self.content_size.width or 31
        curve = self.query_one(CurveView)
        curve.display = view is not None and len(view.curve) + len(view.evaluations) >= _MIN_POINTS
        if view is None:
            for part in ("figures", "notes", "answers", "checkpoints", "keys", "more"):
                self._show(part, Content(""))
            self._show("head", invitation())
            return
        curve.show(chart_of(view, _LENS))
        self._show("more", link(Content("⤢ whole"), "screen.training"))
        parts: dict[str, Callable[[], Content]] = {
            "head": lambda: head_part(view, width),
            "figures": lambda: figures_part(view, width),
            "notes": lambda: notes_part(view),
            "answers": lambda: answers_part(view),
            "checkpoints": lambda: CheckpointsPart(view).lay_out(width),
            "keys": lambda: keys_part(view),
        }
        for name, make in parts.items():
            self._show(name, make())

    def on_resize(self) -> None:
        """Fit the bar to the width."""
        if self._view is not None:
            self.draw(self._view)

    def on_curve_view_pointed(self, event: CurveView.Pointed) -> None:
        """A click on the small curve opens the large one."""
        event.stop()
        self.call_next(self.screen.run_action, f"training({event.step})")

    def _show(self, part: str, content: Content) -> None:
        self.query_one(f"#dock-{part}", Painted).show(content)
