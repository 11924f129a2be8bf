"""Opening the template studio, and what it needs of the chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.errors import TunesmithError
from engine.protocol import AnyCommand, AnyEvent, ModelInfo, Sampling, SamplingChange, UnknownEvent
from engine.sampling import sampling_for
from engine.templates.drafts import TemplateDrafts
from engine.templates.writing import TRAINED_ID
from tui.screens.chat.base import ChatBase

if TYPE_CHECKING:
    from tui.screens.studio import StudioScreen

_ALWAYS_THERE = "plain"


class StudioActions(ChatBase):
    """The way to the studio and back."""

    def action_studio(self) -> None:
        """Write on the template in use."""
        if self.session is not None:
            current = self.session.state.template.id
            self.open_studio(_ALWAYS_THERE if current == TRAINED_ID else current)

    def open_studio(self, name: str, *, new: bool = False) -> StudioScreen | None:
        """Open the studio on a template.

        Args:
            name: Its id or name.
            new: Ask for the name of a new one at once.

        Returns:
            The studio; None where it can't be opened, which is told.
        """
        from tui.screens.studio import StudioScreen

        if self.session is None:
            return None
        drafts = TemplateDrafts(self.services.paths.template_drafts)
        try:
            studio = StudioScreen(self.session.library, drafts, self, name)
        except TunesmithError as error:
            self.notice(str(error), error=True)
            if name != self.session.state.template.id:
                return None
            # The chat's own file was deleted: the studio is still wanted.
            studio = StudioScreen(self.session.library, drafts, self, _ALWAYS_THERE)
        self.app.push_screen(studio)
        if new:
            studio.call_after_refresh(studio.action_studio_new)
        return studio

    @property
    def open_studio_screen(self) -> StudioScreen | None:
        """The studio, where it is open, also beneath a dialog."""
        from tui.screens.studio import StudioScreen

        return next((screen for screen in self.app.screen_stack if isinstance(screen, StudioScreen)), None)

    def tell_studio(self, events: Sequence[AnyEvent | UnknownEvent]) -> None:
        """Pass on what the host said."""
        if len(self.app.screen_stack) > _CHAT_ALONE and (studio := self.open_studio_screen) is not None:
            studio.apply(events)

    def studio_model(self) -> ModelInfo | None:
        """The model that answers now."""
        return self.session.state.model.info if self.session is not None else None

    def studio_sampling(self, change: SamplingChange) -> Sampling:
        """What a template is sampled with."""
        return sampling_for(self.services.settings.sampling, change)

    def studio_id(self) -> int:
        """An id for a command."""
        return self.services.client.next_id()

    def studio_run(self, command: AnyCommand) -> None:
        """Start a request; its events come to the studio."""
        if self.session is not None:
            self.session.ask(command)

    def studio_cancel(self, request_id: int) -> None:
        """Ask for the end of a request."""
        if self.session is not None:
            self.session.cancel(request_id)

    async def studio_ask(self, command: AnyCommand) -> AnyEvent:
        """Ask for one answer."""
        return await self.services.client.ask(command)

    def studio_use(self, template_id: str) -> None:
        """Talk with a template from now on."""
        if self.session is not None:
            self.session.prompting.choose_template(template_id)
            self.remember(template=template_id)
            self.count_soon()

    def studio_compare(self, template_id: str) -> None:
        """Put a template into the lab, beside others."""
        self.compare_template(template_id)


_CHAT_ALONE = 2
"""How many screens there are while nothing is open over the chat: it, and the first frame's."""
