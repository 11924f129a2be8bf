"""Training runs: the one in the panel, what is asked of it, and the list of all."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on

from engine.display import visible_line
from engine.errors import TunesmithError
from engine.figures import human_bytes
from engine.runs import Plan, Request, RunFolder, ask, delete, find_run, start
from engine.runs.store import disk_bytes
from tui.arrivals import Arrivals, first_run
from tui.screens.chat.base import NARROW_COLUMNS, ChatBase
from tui.state.run import RunView
from tui.watch import RunSeen, Watch
from tui.widgets.composer import Composer
from tui.widgets.dock import Dock

if TYPE_CHECKING:
    from tui.screens.runs_dialog import RunChoice

LOOK_FOR_RUNS_S = 2.0
NO_RUN = "There is no training run yet"
_DONE = {"pause": "pauses", "stop": "stops", "save": "saves"}


class RunActions(ChatBase):
    """What can be done about training."""

    run_view: RunView | None = None
    """The run that is shown, as far as it was read."""
    start_trainer: Callable[[RunFolder], int] = staticmethod(start)
    _watch: Watch | None = None
    _arrivals: Arrivals | None = None

    # Which run is shown

    def find_first_run(self, name: str = "") -> None:
        """Show the run of that name; without one, that which is alive, else the last one."""
        self.run_worker(self._find_first_run(name), group="first-run")

    async def _find_first_run(self, name: str) -> None:
        self._arrivals = Arrivals(self.services.paths.runs)
        if name:
            await self.open_run_named(name)
        else:
            found = await asyncio.to_thread(first_run, self.services.paths.runs, self.memory.run)
            if found is not None and self._watch is None:
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
            else:
                self._follow(self._folder(name))
                self.notice(f"{name} trains. Ctrl+L shows it beside the chat, F7 on the whole screen.")

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
        # Only once it is on the screen is there a next look.
        self.call_after_refresh(event.taken)

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
        if dock.display:
            dock.draw(self.run_view)
        if self.app.screen is not self:
            from tui.screens.run import RunScreen

            for screen in self.app.screen_stack:
                if isinstance(screen, RunScreen):
                    screen.show(self.run_view)

    def action_training(self, step: int = -1) -> None:
        """Show the run on the whole screen."""
        from tui.screens.run import RunScreen

        if self.run_view is None:
            self.notice(f"{NO_RUN}. The panel says how to start one.")
            self.show_dock()
            return
        self.app.push_screen(RunScreen(self.run_view, self, cursor=step if step >= 0 else None))

    # What is asked of it

    def action_pause_run(self) -> None:
        """Pause it."""
        self.ask_run("pause")

    def action_save_run(self) -> None:
        """Save a checkpoint now."""
        self.ask_run("save")

    def action_stop_run(self) -> None:
        """End it early."""
        self.ask_run("stop")

    def ask_run(self, request: Request) -> None:
        """Ask the trainer for something; it answers in its log."""
        if self._watch is None:
            self.notice(NO_RUN)
            return
        self.run_worker(self._ask_run(self._watch, request), group="run-request")

    async def _ask_run(self, watch: Watch, request: Request) -> None:
        try:
            await asyncio.to_thread(ask, watch.run, request)
        except TunesmithError as error:
            self.notice(error.title)
            return
        if self.run_view is not None and self._watch is watch:
            self.run_view = self.run_view.with_(asked=request)
            self.draw_run()
        watch.wake()
        self.notice(f"{watch.run.name} {_DONE[request]} after the step that it is at")

    def action_resume_run(self) -> None:
        """Go on with it."""
        if self._watch is None:
            self.notice(NO_RUN)
        else:
            self.resume_run(self._watch.run.name)

    def resume_run(self, name: str) -> None:
        """Start the trainer of a run, and show it."""
        self.run_worker(self._resume_run(self._folder(name)), group="run-request")

    async def _resume_run(self, run: RunFolder) -> None:
        self.notice(f"{run.name} is being started…")
        try:
            await asyncio.to_thread(self.start_trainer, run)
        except TunesmithError as error:
            self.notice(visible_line(str(error)), error=True)
            return
        self.open_run(run.name)
        if self._watch is not None:
            self._watch.wake()

    # What it made

    def action_talk_to_run(self) -> None:
        """Talk to its result, or to its best checkpoint so far."""
        view = self.run_view
        if view is None:
            self.notice(NO_RUN)
        elif not view.checkpoints and view.state.state not in ("finished", "stopped"):
            self.notice(f"{view.name} has saved nothing yet. /checkpoint saves what there is.")
        else:
            self.talk_to_run(view.name)

    def action_open_checkpoint(self, step: int) -> None:
        """Talk to a checkpoint of the run that is shown."""
        if self.run_view is not None:
            self.talk_to_run(self.run_view.name, step)

    def talk_to_run(self, name: str, step: int | None = None) -> None:
        """Load a run's model into the chat, with the template of its training.

        A conversation that was held with another model is left for a new one; between the checkpoints of one run it
        stays, so that their replies to the same message can be compared.
        """
        session = self.session
        if session is None:
            return
        was_its_model = session.state.model.ref.split("@")[0] == f"run:{name}"
        if session.state.turns and not was_its_model:
            self.action_new_chat()
        if not was_its_model:
            session.prompting.let_model_choose()
        session.model.load(f"run:{name}" + (f"@{step}" if step is not None else ""))
        self.query_one(Composer).focus()

    # All runs

    def action_runs(self) -> None:
        """List all runs."""
        from tui.screens.runs_dialog import RunsDialog

        shown = self.run_view.name if self.run_view else ""
        self.app.push_screen(RunsDialog(self.services.paths.runs, shown, now=self.services.now), self._run_chosen)

    def _run_chosen(self, choice: RunChoice | None) -> None:
        if choice is None:
            return
        match choice.what:
            case "open":
                self.open_run(choice.name)
            case "resume":
                self.resume_run(choice.name)
            case "talk":
                self.talk_to_run(choice.name)
            case "repeat" if choice.plan is not None:
                self.repeat_run(choice.plan)

    def repeat_run(self, plan: Plan) -> None:
        """Set up a new run with the plan of an old one."""
        self.action_tune(plan)

    @abstractmethod
    def action_tune(self, plan: Plan | None = None) -> None:
        """Set up a run."""

    def action_delete_run(self) -> None:
        """Delete the run that is shown, after a question."""
        if self.run_view is None:
            self.notice(NO_RUN)
        else:
            self.run_worker(self._delete_run(self._folder(self.run_view.name)), group="run-request")

    async def _delete_run(self, run: RunFolder) -> None:
        from tui.screens.question import Question

        size = await asyncio.to_thread(disk_bytes, run)
        words = f"All of its checkpoints and its result go with it. {human_bytes(size)} are free then."
        if not await self.app.push_screen_wait(Question(f"Delete {run.name}?", words, yes="deletes it")):
            return
        try:
            freed = await asyncio.to_thread(delete, run)
        except TunesmithError as error:
            self.notice(visible_line(str(error)), error=True)
        else:
            self.notice(f"Deleted {run.name}; {human_bytes(freed)} are free again")
