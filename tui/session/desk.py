"""What every part of a session works on: the state, the store, the way to the host, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from engine.conversations import Busy, Store, StoredTurn
from engine.errors import ConversationNotFound, StoreFailed, TunesmithError
from engine.protocol import Failed
from engine.settings import Settings
from engine.templates import Library
from tui.bridge import Bridge
from tui.state.chat import ChatState

PATIENCE_S = 5.0
"""For so long another program may write before it is told."""
T = TypeVar("T")


class Listener:
    """What a session tells the screen; each does nothing here."""

    def state_changed(self) -> None:
        """Draw anew."""

    def give_back(self, text: str) -> None:
        """A message could not be sent: put it back into the composer."""

    def edit_again(self, turn: StoredTurn, text: str) -> None:
        """An edit could not be sent: put it back into the composer, as the edit that it was."""

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
        self._busy_since_s: float | None = None

    def put(self, **changes: object) -> None:
        """Change fields of the state, without telling anybody yet."""
        self.state = msgspec.structs.replace(self.state, **changes)

    def change(self, **changes: object) -> None:
        """Change fields of the state, and have it drawn."""
        self.put(**changes)
        self.listener.state_changed()

    def reload(self) -> None:
        """Read the open conversation and its active path again; one that is gone leaves a new chat."""
        conversation_id = self.state.conversation_id
        if conversation_id is not None:
            self.guard(lambda: self._read_again(conversation_id))
        else:
            self.state = self.state.with_turns(())
        self.listener.state_changed()

    def _read_again(self, conversation_id: int) -> None:
        try:
            conversation, turns = self.store.conversation(conversation_id), self.store.path(conversation_id)
        except ConversationNotFound as error:
            self._lose(error)
            return
        self.put(conversation=conversation)
        self.state = self.state.with_turns(turns)

    def _lose(self, error: ConversationNotFound) -> None:
        """Another program deleted the open conversation: what is in the composer stays, in a new chat."""
        self.listener.notice(str(error), error=True)
        self.put(conversation=None, editing=None, counted=None)
        self.state = self.state.with_turns(())
        if draft := self.read(lambda: self.store.draft(None), ""):
            self.listener.give_back(draft)
        self.listener.conversations_changed()

    def guard(self, call: Callable[[], object], *, retried: bool = False) -> bool:
        """Use the store; when that fails, say so and go on with what is in memory.

        Args:
            call: What to do.
            retried: The same is done again soon: another program's write, which takes moments, is not worth a word.

        Returns:
            Whether it was done.
        """
        try:
            call()
        except TunesmithError as error:
            if not (retried and isinstance(error, Busy) and self._patient()):
                self._tell(error)
            return False
        self._busy_since_s = None
        if self.state.fault is not None and self.state.fault.code == StoreFailed.code:
            self.put(fault=None)
        return True

    def read(self, call: Callable[[], T], otherwise: T) -> T:
        """Read from the store; when that fails, say so and go on with something else."""
        found = [otherwise]
        self.guard(lambda: found.append(call()))
        return found[-1]

    def _patient(self) -> bool:
        now_s = self.clock()
        self._busy_since_s = now_s if self._busy_since_s is None else self._busy_since_s
        return now_s - self._busy_since_s < PATIENCE_S

    def _tell(self, error: TunesmithError) -> None:
        fault = told(error)
        if self.state.fault != fault:
            self.listener.notice(str(error), error=True)
        if isinstance(error, StoreFailed):
            self.put(fault=fault)


def told(error: TunesmithError) -> Failed:
    """An error as the host would tell it."""
    return Failed(id=0, code=error.code, title=error.title, hint=error.hint)
