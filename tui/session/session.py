"""The session as a whole: its parts, and how events reach them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.conversations import Store
from engine.protocol import AnyCommand, AnyEvent, Failed, ModelReady, TokensCounted, UnknownEvent
from engine.settings import Settings
from engine.templates import Library
from tui.bridge import Bridge
from tui.session.conversations import Conversations
from tui.session.desk import Desk, Listener, told
from tui.session.drafts import Drafts
from tui.session.model import Model
from tui.session.prompting import Prompting, find_template
from tui.session.replies import Replies
from tui.state.chat import ChatState
from tui.state.model import ModelState


class Session:
    """One person, one store, one model host."""

    def __init__(
        self,
        *,
        store: Store,
        bridge: Bridge,
        library: Library,
        settings: Settings,
        listener: Listener,
        clock: Callable[[], float],
        template: str = "",
        remembered_template: str = "",
    ) -> None:
        """Start with an empty conversation.

        Args:
            store: Where conversations are kept.
            bridge: The way to the model host.
            library: The prompt templates.
            settings: The user's own.
            listener: Told of every change.
            clock: Monotonic seconds.
            template: The template to begin with, whatever the model; empty lets the model decide.
            remembered_template: The one that was used last time; a model that was trained with one brings its own.
        """
        first = find_template(library, settings, ModelState(), template or remembered_template)
        state = ChatState(template=first)
        self._desk = Desk(
            state, store=store, bridge=bridge, library=library, settings=settings, listener=listener, clock=clock
        )
        self.store = store
        self.library = library
        self.model = Model(self._desk)
        self.prompting = Prompting(self._desk, template, remembered_template)
        self.drafts = Drafts(self._desk)
        self.conversations = Conversations(self._desk, self.drafts, self.prompting)
        self.replies = Replies(self._desk, self.model, self.prompting, self.drafts)
        self.prompting.take_up()

    @property
    def state(self) -> ChatState:
        """What the screen shows now."""
        return self._desk.state

    def start_host(self) -> None:
        """Start the model host before anybody asks for it, so that its imports are done by then."""
        self._desk.bridge.start()

    def ask(self, command: AnyCommand) -> None:
        """Ask the host for something; the events are the screen's to take in."""
        self._desk.bridge.run(command)

    def cancel(self, request_id: int) -> None:
        """Ask for the end of a request."""
        self._desk.bridge.cancel(request_id)

    async def close(self) -> None:
        """End the host and close the store; a reply that was coming keeps what is there."""
        self._desk.listener = Listener()  # the screen's widgets are gone by now
        self.replies.cut()
        await self._desk.bridge.close()
        self.store.close()

    def said(self) -> list[str]:
        """What the person said, oldest first: in this conversation, or in all where it has not begun."""
        if self.state.turns:
            return [turn.text for turn in self.state.turns if turn.role == "user"]
        nothing: list[str] = []
        return self._desk.read(lambda: list(self.store.last_said()), nothing)

    def keep(self) -> None:
        """Try again what could not be stored; called now and then."""
        before = self.state
        self.drafts.flush()
        self.replies.keep()
        if self.state is not before:
            self._desk.listener.state_changed()

    def apply(self, events: Sequence[AnyEvent | UnknownEvent]) -> None:
        """Take in what the host said, in order, and have it drawn once."""
        for event in events:
            self._apply(event)
        self.replies.keep()
        self._desk.listener.state_changed()

    def _apply(self, event: AnyEvent | UnknownEvent) -> None:
        desk = self._desk
        load_id = desk.state.model.request_id
        model = desk.state.model.apply(event)
        if isinstance(event, Failed) and event.code == "host-died":
            model = model.lose()
        reply = desk.state.reply.apply(event) if desk.state.reply else None
        desk.put(model=model, reply=reply)
        if isinstance(event, TokensCounted) and event.id == self.prompting.count_id:
            desk.put(counted=event)
        elif isinstance(event, ModelReady) and event.id == load_id:
            desk.listener.model_loaded(event.model.ref)
            self.prompting.follow_model()
            if desk.state.turns and (fault := self.prompting.why_not(desk.state.template)) is not None:
                desk.put(fault=told(fault))
            self.replies.begin_waiting()
        elif isinstance(event, Failed) and event.id == load_id and load_id:
            self._load_failed(event)

    def _load_failed(self, event: Failed) -> None:
        failure = None if event.code == "cancelled" else event
        if failure is not None:
            self._desk.put(fault=failure)
        reply = self._desk.state.reply
        if reply is not None and reply.phase == "waiting":
            self.replies.withdraw(failure)
