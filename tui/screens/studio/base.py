"""What every part of the template studio works on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol

from textual.screen import Screen

from engine.errors import TunesmithError
from engine.protocol import AnyCommand, AnyEvent, ModelInfo, Sampling, SamplingChange
from tui.notices import say_instead
from tui.session.template_desk import TemplateDesk
from tui.state.studio import StudioState


class StudioHost(Protocol):
    """What the studio needs of the chat: the model, and a way to use a template there."""

    def studio_model(self) -> ModelInfo | None:
        """The model that answers now."""

    def studio_sampling(self, change: SamplingChange) -> Sampling:
        """What a template is sampled with."""

    def studio_id(self) -> int:
        """An id for a command."""

    def studio_run(self, command: AnyCommand) -> None:
        """Start a request; its events come to the studio's `apply`."""

    def studio_cancel(self, request_id: int) -> None:
        """Ask for the end of a request."""

    async def studio_ask(self, command: AnyCommand) -> AnyEvent:
        """Ask for one answer; may raise a `TunesmithError`."""

    def studio_use(self, template_id: str) -> None:
        """Talk with a template from now on."""

    def studio_compare(self, template_id: str) -> None:
        """Put a template into the lab, beside others."""

    def action_pick_model(self) -> None:
        """Choose a model."""


class StudioBase(Screen[None]):
    """A screen with an open template."""

    desk: TemplateDesk
    host: StudioHost
    state: StudioState
    deleted: list[str]
    """Templates that can be brought back, the last one deleted at the end."""

    @abstractmethod
    def draw(self) -> None:
        """Draw what is known."""

    @abstractmethod
    def show_text(self) -> None:
        """Put the open template's text into the editor, and look at it."""

    @abstractmethod
    def look_again(self) -> None:
        """Examine the text, once the typing pauses."""

    @abstractmethod
    def values(self) -> tuple[str, dict[str, str]]:
        """The sample message, and what the blanks are filled with."""

    def notice(self, text: str, *, error: bool = False) -> None:
        """Say something in passing."""
        say_instead(self, text, error=error)

    def tried(self, call: Callable[[], object]) -> bool:
        """Do something, and say in words why it could not be done."""
        try:
            call()
        except TunesmithError as error:
            self.notice(str(error), error=True)
            return False
        return True
