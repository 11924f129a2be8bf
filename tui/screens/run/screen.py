"""The training on the whole screen: the curve, what the model says at each step, and what can be done."""

from __future__ import annotations

from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content

from engine.runs import Request
from tui import commands
from tui.screens.run.looking import Looking
from tui.screens.run.parts import answers_text, details_text, head_text, lens_text, reading_text, strip_text
from tui.state.run import RunView
from tui.state.run_chart import Lens, chart_of
from tui.state.run_figures import answers_at, reading_at
from tui.widgets.curve_view import CurveView
from tui.widgets.footer import Footer
from tui.widgets.painted import Painted


class RunDesk(Protocol):
    """Who can do something about runs."""

    def ask_run(self, request: Request) -> None:
        """Ask the trainer for something."""

    def resume_run(self, name: str) -> None:
        """Start the trainer again."""

    def talk_to_run(self, name: str, step: int | None = None) -> None:
        """Open what the run made in the chat."""

    def action_delete_run(self) -> None:
        """Delete the run, after a question."""


class RunScreen(Looking):
    """A run, in full."""

    BINDINGS: ClassVar[list[BindingType]] = [*commands.bindings("run")]
    KEYS_OF: ClassVar[commands.Scope] = "run"
    """Whose keys the help shows first."""
    AUTO_FOCUS = ""

    DEFAULT_CSS: ClassVar[str] = """
    RunScreen {
        #run-head { dock: top; height: auto; padding: 0 1; background: $surface; }
        #run-body { height: 1fr; }
        #run-left { width: 1fr; padding: 0 1; }
        #run-curve { height: 3fr; min-height: 6; }
        #run-lens { height: 1; }
        #run-reading { height: auto; min-height: 1; margin-bottom: 1; }
        #run-strip { height: auto; margin-bottom: 1; }
        #run-replies { height: 2fr; scrollbar-size-vertical: 1; }
        #run-details {
            width: 42; padding: 0 1 0 2; background: $surface; border-left: tall $background;
            scrollbar-size-vertical: 1;
        }
        &.-wide #run-details { width: 60; }
        &.-narrow #run-details { display: none; width: 1fr; border-left: none; padding: 0 1; }
        &.-narrow.-detailed #run-details { display: block; }
        &.-narrow.-detailed #run-left { display: none; }
        &.-short #run-strip, &.-short #run-reading { margin-bottom: 0; }
    }
    """

    def __init__(self, view: RunView, desk: RunDesk, *, cursor: int | None = None) -> None:
        """Show a run.

        Args:
            view: As it stands; `show` brings what is new.
            desk: Does what is asked.
            cursor: A step to point at; None follows the end.
        """
        super().__init__()
        self._view = view
        self._desk = desk
        self._lens = Lens(cursor=cursor)
        self._chosen: int | None = None
        self._is_over = False

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        yield Painted(id="run-head")
        with Horizontal(id="run-body"):
            with Vertical(id="run-left"):
                yield Painted(id="run-lens")
                yield CurveView(id="run-curve")
                yield Painted(id="run-reading")
                yield Painted(id="run-strip")
                with VerticalScroll(id="run-replies", can_focus=False):
                    yield Painted(id="run-answers")
            with VerticalScroll(id="run-details", can_focus=False):
                yield Painted(id="run-facts")
        yield Footer()

    @property
    def chosen(self) -> int | None:
        """The step of the checkpoint that is chosen: the best one at first, then that which was picked."""
        there = self._view.checkpoints if self._view is not None else ()
        if any(one.step == self._chosen for one in there):
            return self._chosen
        best = next((one.step for one in there if one.best), None)
        return best if best is not None or not there else there[-1].step

    def on_mount(self) -> None:
        """Draw once it has a size."""
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """Fit everything to the new size."""
        self.call_after_refresh(self._draw)

    def show(self, view: RunView | None) -> None:
        """Show the run as it stands now; None where it is gone."""
        if self._is_over or view is None or (self._view is not None and view.name != self._view.name):
            self._is_over = True
            self._leave()
            return
        before, self._view = self._view, view
        if before is None or (before.locked, before.state.state) != (view.locked, view.state.state):
            self.refresh_bindings()
        self._draw()

    def on_screen_resume(self) -> None:
        """Close where the run went while a dialog was open."""
        self._leave()

    def _leave(self) -> None:
        if self._is_over and self.app.screen is self:
            self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out the keys that mean nothing for the run as it stands."""
        del parameters
        if self._view is None:
            return True
        if action in ("run_save", "run_stop"):
            return self._view.locked
        if action == "run_pause":
            return self._view.locked or self._view.state.state != "finished"
        return True

    def _draw(self) -> None:
        view = self._view
        if view is None or not self.is_mounted:
            return
        cursor = self._lens.cursor
        width = self.query_one("#run-left").content_size.width or self.size.width - 2
        self._paint("head", head_text(view, self.size.width - 2))
        self._paint("lens", lens_text(view, self._lens, width))
        self.query_one(CurveView).show(chart_of(view, self._lens))
        self._paint("reading", reading_text(reading_at(view, view.step if cursor is None else cursor)))
        self._paint("strip", strip_text(view, self.chosen, width))
        self._paint("answers", answers_text(answers_at(view, cursor), view))
        self._paint("facts", details_text(view, self.query_one("#run-details").content_size.width or 36))

    def _paint(self, part: str, content: Content) -> None:
        self.query_one(f"#run-{part}", Painted).show(content)

    # Checkpoints

    def action_run_next_checkpoint(self) -> None:
        """Choose the next checkpoint."""
        self._choose(1)

    def action_run_previous_checkpoint(self) -> None:
        """Choose the checkpoint before."""
        self._choose(-1)

    def _choose(self, by: int) -> None:
        steps = [one.step for one in self._view.checkpoints] if self._view is not None else []
        if not steps:
            return
        chosen = self.chosen
        self._chosen = steps[(steps.index(chosen) + by) % len(steps) if chosen in steps else 0]
        self._draw()

    def action_run_talk(self) -> None:
        """Talk to the chosen checkpoint; to the result where there is none any more."""
        if self._view is None:
            return
        if self.chosen is None and self._view.state.state != "finished":
            self.notify("Nothing is saved yet: S saves what there is", markup=False)
            return
        self.action_open_checkpoint(self.chosen)

    def action_open_checkpoint(self, step: int | None) -> None:
        """Go back to the chat with a checkpoint."""
        if self._view is not None:
            self.dismiss(None)
            self._desk.talk_to_run(self._view.name, step)

    # The run

    def action_run_pause(self) -> None:
        """Pause it, or go on with it."""
        if self._view is None:
            return
        if self._view.locked:
            self._desk.ask_run("pause")
        else:
            self._desk.resume_run(self._view.name)

    def action_run_save(self) -> None:
        """Save now."""
        self._desk.ask_run("save")

    def action_run_stop(self) -> None:
        """End it early."""
        self._desk.ask_run("stop")

    def action_run_delete(self) -> None:
        """Delete it."""
        self._desk.action_delete_run()

    def action_run_close(self) -> None:
        """Take the cursor away; without one, go back."""
        if self._lens.cursor is not None:
            self.action_run_last()
        else:
            self.dismiss(None)
