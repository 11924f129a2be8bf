"""The trial run: what is written, sent to the model as it is, saved or not."""

from __future__ import annotations

from collections.abc import Sequence

from engine.protocol import AnyEvent, Generate, ModelInfo, UnknownEvent
from tui.screens.studio.base import StudioBase
from tui.state.reply import Asked, Reply


class Running(StudioBase):
    """Runs and stops."""

    _model: ModelInfo | None = None
    _runs_when_seen = False
    is_seen: bool

    def action_studio_pick_model(self) -> None:
        """Choose the model that counts and runs."""
        self.host.action_pick_model()

    def action_studio_run(self) -> None:
        """Run what is written on the current model."""
        if self.host.studio_model() is None:
            self.notice("Pick a model first: Ctrl+O", error=True)
        elif self.is_seen:
            self._run()
        else:
            self._runs_when_seen = True  # what was typed a moment ago is meant too

    def seen(self) -> None:
        """What stands there was examined: run it, where that was asked for before."""
        if self._runs_when_seen:
            self._run()

    def _run(self) -> None:
        self._runs_when_seen = False
        model, examined = self.host.studio_model(), self.state.examined
        if model is None:
            return
        if examined is None or examined.prompt is None or examined.unrendered:
            self.notice("The template has faults: mend them first. F8 goes to them", error=True)
            return
        self._cancel()
        sampling = self.host.studio_sampling(examined.prompt.template.sampling)
        asked = Asked(prompt=examined.prompt, sampling=sampling)
        command = Generate(id=self.host.studio_id(), prompt=examined.prompt, sampling=sampling)
        run = Reply(conversation_id=None, parent_id=None, asked=asked).ask(command.id, ref=model.ref, model=model.name)
        self.state = self.state.with_(run=run)
        self.host.studio_run(command)
        self.draw()

    def action_studio_close(self) -> None:
        """Stop the run; where none is under way, go back to the chat."""
        if self.state.is_running:
            self._cancel()
        else:
            self.leave()

    def leave(self) -> None:
        """Go back to the chat."""
        self.dismiss(None)

    def apply(self, events: Sequence[AnyEvent | UnknownEvent]) -> None:
        """Take in what the host said of the run."""
        model = self.host.studio_model()
        if model != self._model:
            self._model = model
            self.look_again()
        run = self.state.run
        if run is None:
            return
        for event in events:
            run = run.apply(event)
        if run is not self.state.run:
            self.state = self.state.with_(run=run)
            self.draw()

    def _cancel(self) -> None:
        if self.state.is_running and self.state.run is not None:
            self.host.studio_cancel(self.state.run.request_id)
