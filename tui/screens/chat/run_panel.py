"""The training run that is shown: which one it is, and what is seen of it."""

from __future__ import annotations

import asyncio

from textual import on

from engine.display import visible_line
from engine.errors import TunesmithError
from engine.runs import RunFolder, find_run
from tui.arrivals import Arrivals, first_run
from tui.screens.chat.base import NARROW_COLUMNS, ChatBase
from tui.state.run import RunView
from tui.state.run_words import headline
from tui.watch import RunSeen, Watch
from tui.widgets.dock import Dock

LOOK_FOR_RUNS_S = 2.0


class RunPanel(ChatBase):
    """The run in the panel, on the training screen, or on neither."""

    run_view: RunView | None = None
    """The run that is shown, as far as it was read."""
    _watch: Watch | None = None
    _arrivals: Arrivals | None = None
    _came_back: bool = False
    """Whether nobody has seen yet how the run stands since the program began."""

    # Which run is shown

    def find_first_run(self, name: str = "") -> None:
        """Show the run of that name; without one, that which is alive, else the last one."""
        self.run_worker(self._find_first_run(name), group="first-run")

    async def _find_first_run(self, name: str) -> None:
        self._arrivals = Arrivals(self.services.paths.runs)
        if name:
            await self.open_run_named(name)
        else:
            remembered = self.memory.training or self.memory.run
            found = await asyncio.to_thread(first_run, self.services.paths.runs, remembered)
            if found is not None and self._watch is None:
                self._came_back = True
                self._follow(found)
        await self._look_for_runs()
        self.set_interval(LOOK_FOR_RUNS_S, self._look_for_runs)

    async def _look_for_runs(self) -> None:
        """A run that has begun is shown, unless another one is being watched at work."""
        if self._arrivals is None:
            return
        for name in (await asyncio.to_thread(self._arrivals.look))[:1]:
            shown = self.run_view
            if shown is not None and shown.locked and shown.name != name:
                self.notice(f"{name} has begun to train; /runs {name} shows it")
            elif self.app.size.width >= NARROW_COLUMNS:
                self.open_run(name)
            elif not self._is_seen(name):
                self._follow(self._folder(name))
                self.notice(f"{name} trains. Ctrl+L shows it beside the chat, F7 on the whole screen.")

    def _is_seen(self, name: str) -> bool:
        """Whether a run is on the screen already: beside the chat, or on a screen over it."""
        is_watched = self._watch is not None and self._watch.run.name == name
        return is_watched and (self.query_one(Dock).display or self.app.screen is not self)

    async def open_run_named(self, name: str) -> None:
        """Show the run that somebody named; a wrong name is told."""
        try:
            run = await asyncio.to_thread(find_run, self.services.paths.runs, name)
        except TunesmithError as error:
            self.notice(visible_line(str(error)), error=True)
        else:
            self.open_run(run.name)

    def open_run(self, name: str) -> None:
        """Show a run in the panel, and remember it."""
        self._follow(self._folder(name))
        self.remember(run=name)
        self.show_dock()

    def _follow(self, run: RunFolder) -> None:
        if self._watch is not None and self._watch.run == run:
            return
        self.close_run()
        self._watch = Watch(run, self.post_message)
        self._watch.start()

    def close_run(self) -> None:
        """Watch no run any more."""
        if self._watch is not None:
            self._watch.close()
        self._watch, self.run_view = None, None

    def _folder(self, name: str) -> RunFolder:
        return RunFolder(self.services.paths.runs / name)

    # What is seen of it

    def on_screen_resume(self) -> None:
        """Draw what was not drawn beneath another screen."""
        if self.run_view is not None:
            self.draw_run()

    @on(RunSeen)
    def _see_run(self, event: RunSeen) -> None:
        if self._watch is None or event.run != self._watch.run.name:
            return
        if event.look.gone:
            self._lose_run(event.run)
            return
        view = self.run_view
        if view is None and event.look.state is not None:
            view = RunView(name=event.run, state=event.look.state)
        if view is not None:
            self.run_view = view.see(event.look)
            self.draw_run()
            if self._came_back:
                self._tell_return(self.run_view)
            else:
                self._tell_end(view, self.run_view)
            self._remember_training(self.run_view)
        # Only once it is on the screen is there a next look.
        self.call_after_refresh(event.taken)

    def _tell_end(self, before: RunView, now: RunView) -> None:
        """Say that a trainer has ended, where nothing on the screen shows it."""
        if before.locked and not now.locked and self.app.screen is self and not self.query_one(Dock).display:
            self.notice(f"{now.name}: {headline(now)}", error=now.state.state in ("died", "failed"))

    def _tell_return(self, now: RunView) -> None:
        """Show a run that trains, or trained when the program was left, to a person who comes back."""
        self._came_back = False
        if not now.locked and self.memory.training != now.name:
            return
        if self.app.size.width >= NARROW_COLUMNS:
            self.show_dock()
        elif not self.query_one(Dock).display:
            ways = "Ctrl+L shows it beside the chat, F7 on the whole screen"
            self.notice(f"{now.name}: {headline(now)}. {ways}.", error=now.state.state in ("died", "failed"))

    def _remember_training(self, now: RunView) -> None:
        """Keep which run was at work, so that its end is told even where it comes while the program is closed."""
        if now.locked and self.memory.training != now.name:
            self.remember(training=now.name)
        elif not now.locked and self.memory.training == now.name:
            self.remember(training="")

    def _lose_run(self, name: str) -> None:
        """The run was deleted or renamed, here or elsewhere."""
        self.close_run()
        self.draw_run()
        self.notice(f"The run {name} is no longer there")
        self.run_worker(self._find_another(), group="first-run")

    async def _find_another(self) -> None:
        found = await asyncio.to_thread(first_run, self.services.paths.runs)
        if found is not None and self._watch is None:
            self._follow(found)

    def draw_run(self) -> None:
        """Show the run as it stands, wherever it is shown."""
        dock = self.query_one(Dock)
        on_top: list[RunScreen] = []
        if self.app.screen is not self:
            from tui.screens.run import RunScreen

            on_top = [screen for screen in self.app.screen_stack if isinstance(screen, RunScreen)]
        for screen in on_top:
            screen.show(self.run_view)
        # Beneath the training screen nobody sees the dock, and drawing it would paint all of that screen anew.
        if dock.display and not on_top:
            dock.draw(self.run_view)
