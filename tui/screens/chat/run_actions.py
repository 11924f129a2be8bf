"""Training runs: what is asked of the one that is shown, what it made, and the list of all."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.display import visible_line
from engine.errors import TunesmithError
from engine.figures import human_bytes
from engine.runs import Plan, Request, RunFolder, ask, delete, start
from engine.runs.control import when_words
from engine.runs.store import disk_bytes
from tui.screens.chat.run_panel import RunPanel
from tui.watch import Watch
from tui.widgets.composer import Composer

if TYPE_CHECKING:
    from tui.screens.runs_dialog import RunChoice

NO_RUN = "There is no training run yet"
_DONE = {"pause": "pauses", "stop": "stops", "save": "saves"}


class RunActions(RunPanel):
    """What can be done about training."""

    start_trainer: Callable[[RunFolder], int] = staticmethod(start)

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
        view = self.run_view
        is_preparing = view is not None and view.state.state == "preparing"
        if self.run_view is not None and self._watch is watch:
            self.run_view = self.run_view.with_(asked=request)
            self.draw_run()
        watch.wake()
        self.notice(f"{watch.run.name} {_DONE[request]} {when_words(request, is_preparing=is_preparing)}")

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
        elif not view.has_made_something:
            ways = " /checkpoint saves what there is." if view.locked else ""
            self.notice(f"{view.name} has saved nothing yet.{ways}")
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
        dialog = RunsDialog(self.services.paths.runs, shown, now=self.services.now, renamed=self._run_renamed)
        self.app.push_screen(dialog, self._run_chosen)

    def _run_renamed(self, old: str, new: str) -> None:
        if self._watch is not None and self._watch.run.name == old:
            self._follow(self._folder(new))
            self.remember(run=new)

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
