"""What every part of a session works on: the state, the store, the way to the host, and who is told."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from engine.conversations import Store
from engine.errors import StoreFailed
from engine.protocol import Failed
from engine.settings import Settings
from engine.templates import Library
from tui.bridge import Bridge
from tui.state.chat import ChatState


class Listener:
    """What a session tells the screen; each does nothing here."""

    def state_changed(self) -> None:
        """Draw anew."""

    def give_back(self, text: str) -> None:
        """A message could not be sent: put it back into the composer."""

    def conversations_changed(self) -> None:
        """The list of conversations is not what it was."""

    def model_loaded(self, ref: str) -> None:
        """A model answers: remember it."""

    def notice(self, text: str, *, error: bool = False) -> None:
        """Say something in passing."""


class Desk:
    """The one state, and what it takes to change it."""

    def __init__(
        self,
        state: ChatState,
        *,
        store: Store,
        bridge: Bridge,
        library: Library,
        settings: Settings,
        listener: Listener,
        clock: Callable[[], float],
    ) -> None:
        """Lay everything out.

        Args:
            state: What the screen begins with.
            store: Where conversations are kept.
            bridge: The way to the model host.
            library: The prompt templates.
            settings: The user's own.
            listener: Told of every change.
            clock: Monotonic seconds.
        """
        self.state = state
        self.store = store
        self.bridge = bridge
        self.library = library
        self.settings = settings
        self.listener = listener
        self.clock = clock

    def put(self, **changes: object) -> None:
        """Change fields of the state, without telling anybody yet."""
        self.state = msgspec.structs.replace(self.state, **changes)

    def change(self, **changes: object) -> None:
        """Change fields of the state, and have it drawn."""
        self.put(**changes)
        self.listener.state_changed()

    def reload(self) -> None:
        """Read the open conversation and its active path again."""
        conversation_id = self.state.conversation_id
        if conversation_id is None:
            self.state = self.state.with_turns(())
        else:
            self.put(conversation=self.store.conversation(conversation_id))
            self.state = self.state.with_turns(self.store.path(conversation_id))
        self.listener.state_changed()

    def guard(self, write: Callable[[], None]) -> bool:
        """Write to the store; when it can't be written, say so and go on with what is in memory.

        Returns:
            Whether it was written.
        """
        try:
            write()
        except StoreFailed as error:
            fault = Failed(id=0, code=error.code, title=error.title, hint=error.hint)
            if self.state.fault != fault:
                self.listener.notice(str(error), error=True)
            self.put(fault=fault)
            return False
        return True
