"""Model, template and sampling."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.protocol import SamplingChange, Template
from engine.templates import Listing
from engine.templates.drafts import TemplateDrafts
from engine.templates.writing import TRAINED_ID
from tui.commands import complete_slash
from tui.screens.chat.base import ChatBase
from tui.state.chat import other_model
from tui.state.preview import Previewed
from tui.widgets.composer import Composer

if TYPE_CHECKING:
    from tui.screens.model_picker import ModelPicker


class PromptActions(ChatBase):
    """What the next message is answered by, and how."""

    def action_pick_model(self) -> None:
        """Choose a model."""
        from tui.screens.model_picker import ModelChoice, ModelPicker

        def chosen(choice: ModelChoice | None) -> None:
            if choice is not None and self.session is not None:
                self.session.model.load(choice.ref, device=choice.device, dtype=choice.dtype)

        if self.session is None:
            return
        model = self.session.model
        picker = ModelPicker(None, self.session.state.model.ref, device=model.device, dtype=model.dtype)
        self.app.push_screen(picker, chosen)
        self.run_worker(self._list_models(picker), group="models", exclusive=True)

    async def _list_models(self, picker: ModelPicker) -> None:
        from engine.models import list_models

        entries = await asyncio.to_thread(
            list_models, self.services.paths, self.services.environ, remembered=self.memory.recent_models
        )
        picker.update_entries(entries)

    def action_load_written(self) -> None:
        """Load the model that the open conversation was written with."""
        if self.session is None:
            return
        if written := other_model(self.session.state):
            self.session.model.load(written)
        else:
            self.notice("The model of this conversation answers already, or it has none")

    def action_cancel_load(self) -> None:
        """Stop loading."""
        if self.session is not None:
            self.session.model.cancel()

    def action_unload_model(self) -> None:
        """Give the model's memory back."""
        session = self.session
        if session is None or session.state.model.info is None:
            self.notice("No model is loaded")
        elif session.state.busy:
            self.notice("A reply is coming: stop it first, with Esc")
        else:
            name = session.state.model.info.name
            session.model.unload()
            self.notice(f"{name} is unloaded; your next message loads it again")

    def action_pick_template(self) -> None:
        """Choose a prompt template."""
        from tui.screens.template_picker import TemplatePicker

        session = self.session
        if session is None:
            return

        def chosen(template_id: str | None) -> None:
            if template_id is None:
                return
            if picker.wish == "compare":
                self.compare_template(template_id)
            elif picker.wish != "use":
                new = picker.wish == "new" or template_id == TRAINED_ID
                self.open_studio("plain" if new else template_id, new=new)
            else:
                session.prompting.choose_template(template_id)
                self.remember(template="" if template_id == TRAINED_ID else template_id)
                self.count_soon()

        listing = session.prompting.listing(session.library.scan())
        picker = TemplatePicker(
            listing,
            session.state.template.id,
            self._preview,
            why_not=session.prompting.why_not,
            drafts=TemplateDrafts(self.services.paths.template_drafts).ids,
        )
        self.app.push_screen(picker, chosen)

    async def _preview(self, template: Template) -> Previewed:
        """What the model would see, were the composer's text sent with this template."""
        if self.session is None:
            return Previewed(text="")
        typed = self.query_one(Composer).text
        return await self.session.prompting.preview(template, "" if complete_slash(typed) else typed.strip())

    def templates_changed(self, listing: Listing) -> None:
        """Files of templates changed while the program runs."""
        from tui.screens.template_picker import TemplatePicker

        if isinstance(picker := self.app.screen, TemplatePicker) and self.session is not None:
            picker.update_listing(self.session.prompting.listing(listing))
        self.state_changed()

    def action_edit_sampling(self) -> None:
        """Set the sampling."""
        from tui.screens.sampling_form import SamplingForm

        session = self.session
        if session is None:
            return

        def chosen(change: SamplingChange | None) -> None:
            if change is not None:
                session.prompting.choose_sampling(change)

        self.app.push_screen(SamplingForm(session.prompting.sampling, session.prompting.default_sampling), chosen)
