"""What every part of the chat's actions works on."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from textual.screen import Screen

from engine.memory import Memory
from tui.services import Services
from tui.session import Session

if TYPE_CHECKING:
    from tui.screens.studio import StudioScreen

NARROW_COLUMNS = 100
"""Below this there is room for one panel beside the chat."""
MODEL_FIRST = "Pick a model first. Your message stays here."
NO_CONVERSATION = "This conversation has no first message yet"
BUSY = "A reply is coming: Esc stops it"


class ChatBase(Screen[None]):
    """A screen with a session; None until the first frame is painted."""

    session: Session | None
    services: Services
    _deleted: list[int]
    """Conversations that can be brought back, the last one deleted at the end."""

    @property
    @abstractmethod
    def memory(self) -> Memory:
        """What is remembered between starts."""

    @abstractmethod
    def notice(self, text: str, *, error: bool = False) -> None:
        """Say something in passing."""

    @abstractmethod
    def give_back(self, text: str) -> None:
        """Put a message that could not be sent back into the composer."""

    @abstractmethod
    def action_pick_model(self) -> None:
        """Choose a model."""

    @abstractmethod
    def action_new_chat(self) -> None:
        """Begin a new conversation."""

    @abstractmethod
    def draw_run(self) -> None:
        """Draw the training run."""

    @abstractmethod
    def remember(self, **changes: object) -> None:
        """Keep something for the next start."""

    @abstractmethod
    def conversations_changed(self) -> None:
        """List the conversations anew."""

    @abstractmethod
    def state_changed(self) -> None:
        """Draw the session's state."""

    @abstractmethod
    def count_soon(self) -> None:
        """Count the prompt's tokens, once the typing pauses."""

    @abstractmethod
    def compare_template(self, template_id: str) -> None:
        """Put a template into the lab, beside others."""

    @abstractmethod
    def open_studio(self, name: str, *, new: bool = False) -> StudioScreen | None:
        """Open the template studio; None where it can't be, which is told."""

    @abstractmethod
    def save_draft(self) -> None:
        """Keep what is in the composer."""

    @abstractmethod
    def show_dock(self) -> None:
        """Unfold the dock, where it is folded."""
