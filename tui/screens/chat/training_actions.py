"""Setting up a fine-tune, and looking at data."""

from __future__ import annotations

import asyncio

import msgspec

from engine.corpus.spec import DataSpec
from engine.protocol import ModelInfo
from engine.runs import Plan
from engine.runs.plan import LONGEST_BY_DEFAULT
from tui.screens.chat.base import NARROW_COLUMNS
from tui.screens.chat.run_actions import RunActions


class TrainingActions(RunActions):
    """What comes before a run."""

    _left_form: tuple[Plan, str] | None = None
    """What stood in the form when it was left without a start: a plan, and the name of the run."""

    def action_tune(self, plan: Plan | None = None) -> None:
        """Set up a fine-tune, from the beginning or with the plan of another run."""
        from tui.screens.tune import TuneForm

        typed, name = self._left_form if plan is None and self._left_form is not None else (plan, "")

        def closed(started: str | None) -> None:
            if started is not None:
                self._left_form = None
                self.run_started(started)

        form = TuneForm(
            self.services,
            plan=typed,
            model=self._model_in_use,
            name=name,
            facts=self._facts,
            begin=self.start_trainer,
            keep=self._keep_form,
        )
        self.app.push_screen(form, closed)

    def action_data(self) -> None:
        """Look at data; what was found can be taught at once."""
        from tui.data_desk import DataDesk
        from tui.screens.data_inspector import DataInspector

        desk = DataDesk(self.services.read_data)
        desk.start()
        plan = self._left_form[0] if self._left_form is not None else Plan(model="", data=DataSpec(source=""))
        model = plan.model or self._model_in_use
        info = self._facts(model)

        def closed(spec: DataSpec | None) -> None:
            self.run_worker(asyncio.to_thread(desk.close), group="data")
            if spec is not None:
                self.action_tune(msgspec.structs.replace(plan, data=spec))

        inspector = DataInspector(
            desk,
            plan.data,
            model=model,
            max_length=min(LONGEST_BY_DEFAULT, info.context_tokens) if info else LONGEST_BY_DEFAULT,
            templates=self.services.library.scan().templates,
        )
        self.app.push_screen(inspector, closed)

    def run_started(self, name: str) -> None:
        """Show a run that was started here: in the panel, which a notice would cover, or, without room, in words."""
        if self.app.size.width >= NARROW_COLUMNS:
            self.open_run(name)
        else:
            self.notice(f"{name} has begun. It goes on when you close the program; go on chatting meanwhile.")

    def _keep_form(self, plan: Plan, name: str) -> None:
        self._left_form = (plan, name)

    @property
    def _model_in_use(self) -> str:
        return self.session.state.model.ref if self.session else ""

    def _facts(self, model: str) -> ModelInfo | None:
        """What is known of a model: that which is loaded has told."""
        if self.session is None or self.session.state.model.ref != model:
            return None
        return self.session.state.model.info
