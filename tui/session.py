"""A person's session: what is asked of the model host and the store, and in which order.

It holds the one `ChatState`, changes it in answer to the person and to events, and tells the screen. Nothing a
person typed is dropped: a message stays in the draft until the first token of its answer is stored with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from engine.conversations import Conversation, Store, StoredTurn
from engine.errors import StoreFailed, TemplateNotFound
from engine.protocol import (
    AnyEvent,
    CountTokens,
    Failed,
    Generate,
    LoadModel,
    ModelReady,
    Prompt,
    Sampling,
    SamplingChange,
    Template,
    TokensCounted,
    Turn,
    UnknownEvent,
)
from engine.settings import Settings
from engine.templates import Library, default_template_id, sampling_for
from tui.bridge import Bridge
from tui.state.chat import ChatState, path_until, words_of
from tui.state.model import ModelState
from tui.state.reply import Reply

SAVE_INTERVAL_S = 0.5


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
    ) -> None:
        """Start with an empty conversation.

        Args:
            store: Where conversations are kept.
            bridge: The way to the model host.
            library: The prompt templates.
            settings: The user's own.
            listener: Told of every change.
            clock: Monotonic seconds.
            template: The template to begin with; empty lets the model decide.
        """
        self.store = store
        self.library = library
        self._bridge = bridge
        self._settings = settings
        self._listener = listener
        self._clock = clock
        self._chosen_template = template
        self._prompt: Prompt | None = None
        self._saved_s = 0.0
        self._count_id = 0
        self.state = ChatState(template=self._template(template))

    # The model

    def load(self, ref: str, *, device: str = "", dtype: str = "") -> None:
        """Make this the model that answers, once it is loaded."""
        command = LoadModel(
            id=self._bridge.client.next_id(),
            ref=ref,
            device=device or self._settings.device,
            dtype=dtype or self._settings.dtype,
            threads=self._settings.threads,
        )
        if self.state.model.request_id:
            self._bridge.cancel(self.state.model.request_id)
        self._set(model=self.state.model.load(ref, command.id))
        self._bridge.run(command)

    def cancel_load(self) -> None:
        """Stop loading; what was downloaded is kept."""
        if self.state.model.request_id:
            self._bridge.cancel(self.state.model.request_id)

    def start_host(self) -> None:
        """Start the model host before anybody asks for it, so that its imports are done by then."""
        self._bridge.start()

    async def close(self) -> None:
        """End the host and close the store; a reply that was coming keeps what is there."""
        reply = self.state.reply
        if reply is not None and reply.turn_id is not None and not reply.over:
            cut = msgspec.structs.replace(reply.so_far(), reason="cancelled")
            turn_id = reply.turn_id
            self._guard(lambda: self.store.update_turn(turn_id, text=reply.text, figures=cut))
        await self._bridge.close()
        self.store.close()

    # Conversations

    def new(self) -> None:
        """Begin afresh."""
        self._set(conversation=None, editing=None, fault=None, counted=None)
        self._set_turns(())

    def open(self, conversation_id: int, turn_id: int | None = None) -> None:
        """Open a stored conversation, on the branch of a turn where one is named."""
        if turn_id is not None:
            self.store.select(turn_id)
        conversation = self.store.conversation(conversation_id)
        try:
            template = self.library.get(conversation.template)
        except TemplateNotFound:
            template = self._template("")
            if conversation.template:
                self._listener.notice(
                    f"The template “{conversation.template}” is gone; {template.name} stands in for it", error=True
                )
        self._set(
            conversation=conversation,
            template=template,
            variables=conversation.variables,
            sampling=conversation.sampling,
            editing=None,
            fault=None,
            counted=None,
        )
        self._set_turns(self.store.path(conversation_id))

    def reload(self) -> None:
        """Read the open conversation again."""
        conversation_id = self.state.conversation_id
        if conversation_id is None:
            self._set_turns(())
            return
        self._set(conversation=self.store.conversation(conversation_id))
        self._set_turns(self.store.path(conversation_id))

    def show_version(self, turn: StoredTurn, step: int) -> None:
        """Walk to the version of a turn `step` before (negative) or after."""
        siblings = self.store.siblings(turn.id)
        place = siblings.index(turn.id) + step
        if self.state.busy and self.state.reply_here is not None:
            self._listener.notice("A reply is coming; Esc stops it")
        elif 0 <= place < len(siblings):
            self.store.select(siblings[place])
            self.reload()

    # The prompt

    @property
    def sampling(self) -> Sampling:
        """What the next reply is sampled with."""
        return sampling_for(self._settings.sampling, self.state.template.sampling, self.state.sampling)

    @property
    def default_sampling(self) -> Sampling:
        """What it would be, if the person had set nothing for this conversation."""
        return sampling_for(self._settings.sampling, self.state.template.sampling)

    def choose_template(self, name: str) -> None:
        """Use another template from the next message on."""
        template = self.library.get(name)
        self._chosen_template = template.id
        kept = {v.name: self.state.variables[v.name] for v in template.variables if v.name in self.state.variables}
        self._set(template=template, variables=kept)
        self._remember(template=template.id, variables=kept)

    def choose_variables(self, variables: Mapping[str, str]) -> None:
        """Fill in the template's blanks."""
        self._set(variables=dict(variables))
        self._remember(variables=dict(variables))

    def choose_sampling(self, change: SamplingChange) -> None:
        """Set the sampling of this conversation."""
        self._set(sampling=change)
        self._remember(sampling=change)

    def refresh_templates(self) -> None:
        """Take up a change of the current template's file."""
        try:
            template = self.library.get(self.state.template.id)
        except TemplateNotFound:
            return
        if template != self.state.template:
            self._set(template=template)

    def prompt_for(self, message: str, template: Template | None = None) -> Prompt:
        """What would be sent now, if this were the message."""
        parent = self.state.editing.parent_id if self.state.editing else None
        turns = path_until(self.state.turns, parent) if self.state.editing else self.state.turns
        return self._make_prompt((*_as_prompt(turns), Turn(role="user", text=message)), template=template)

    def count(self, message: str) -> None:
        """Ask for the size of what would be sent now; the answer comes as an event."""
        if self.state.model.info is None or self.state.busy:
            return
        if not message and self.state.turns and self.state.turns[-1].role == "assistant":
            prompt = self._make_prompt(_as_prompt(self.state.turns))
        else:
            prompt = self.prompt_for(message)
        self._count_id = self._bridge.client.next_id()
        self._bridge.run(
            CountTokens(id=self._count_id, prompt=prompt, max_new_tokens=self.sampling.max_new_tokens)
        )

    # Replies

    def send(self, text: str) -> None:
        """Send a message; while a turn is edited, as its new version."""
        editing = self.state.editing
        if editing is not None and editing.role == "assistant":
            self._rewrite(editing, text)
            return
        turns = path_until(self.state.turns, editing.parent_id) if editing else self.state.turns
        reply = Reply(
            conversation_id=self.state.conversation_id,
            parent_id=turns[-1].id if turns else None,
            message=text,
        )
        self._set(editing=None)
        self._ask(reply, (*_as_prompt(turns), Turn(role="user", text=text)))

    def regenerate(self, turn: StoredTurn) -> None:
        """Answer the same message again, as a new version."""
        path = path_until(self.state.turns, turn.id if turn.role == "user" else turn.parent_id)
        if path:
            self._answer(path, start="")

    def continue_reply(self, turn: StoredTurn) -> None:
        """Let the model go on from the end of a reply, as a new version."""
        path = path_until(self.state.turns, turn.parent_id)
        if turn.role == "assistant" and path:
            self._answer(path, start=turn.text)

    def edit(self, turn: StoredTurn | None) -> None:
        """Begin to edit a turn, or leave editing."""
        self._set(editing=turn)

    def stop(self) -> None:
        """Stop the reply; what is there stays."""
        reply = self.state.reply
        if reply is None or reply.over:
            return
        if reply.phase == "waiting":
            self._withdraw(reply, None)
        else:
            self._bridge.cancel(reply.request_id)

    def save_draft(self, text: str) -> None:
        """Keep what is in the composer, and the message that is under way before its answer began."""
        reply = self.state.reply_here
        message = reply.message if reply is not None and reply.turn_id is None and not reply.over else None
        self._guard(
            lambda: self.store.set_draft(self.state.conversation_id, "\n\n".join(filter(None, (message, text))))
        )

    def draft(self) -> str:
        """What was left in the composer of this conversation."""
        return self.store.draft(self.state.conversation_id)

    # Events

    def apply(self, events: Sequence[AnyEvent | UnknownEvent]) -> None:
        """Take in what the host said, in order."""
        for event in events:
            load_id = self.state.model.request_id
            model = self.state.model.apply(event)
            if isinstance(event, Failed) and event.code == "host-died":
                model = model.lose() if not load_id or event.id == load_id else model
            reply = self.state.reply.apply(event) if self.state.reply else None
            self.state = msgspec.structs.replace(self.state, model=model, reply=reply)
            self._react(event, load_id)
        self._keep_reply()
        self._listener.state_changed()

    def _react(self, event: AnyEvent | UnknownEvent, load_id: int) -> None:
        if isinstance(event, TokensCounted) and event.id == self._count_id:
            self.state = msgspec.structs.replace(self.state, counted=event)
        elif isinstance(event, ModelReady) and event.id == load_id:
            self._on_ready()
        elif isinstance(event, Failed) and event.id == load_id and load_id:
            self._on_load_failed(event)

    def _on_ready(self) -> None:
        info = self.state.model.info
        if info is None:
            return
        self._listener.model_loaded(info.ref)
        if not self.state.turns:
            self.state = msgspec.structs.replace(self.state, template=self._template(self._chosen_template))
        reply = self.state.reply
        if reply is not None and reply.phase == "waiting" and self._prompt is not None:
            self.state = msgspec.structs.replace(self.state, reply=self._generate(reply, self._prompt))

    def _on_load_failed(self, event: Failed) -> None:
        if event.code != "cancelled":
            self.state = msgspec.structs.replace(self.state, fault=event)
        reply = self.state.reply
        if reply is not None and reply.phase == "waiting":
            self._withdraw(reply, event if event.code != "cancelled" else None)

    def _keep_reply(self) -> None:
        """Store the reply: at its first token, now and then while it streams, and whole at its end."""
        reply = self.state.reply
        if reply is None:
            return
        if reply.over and not reply.worth_keeping:
            self._withdraw(reply, reply.failure)
            return
        now_s = self._clock()
        if reply.worth_keeping and (reply.turn_id is None or reply.over or now_s - self._saved_s >= SAVE_INTERVAL_S):
            self._saved_s = now_s
            self._guard(lambda: self._write(reply))

    def _write(self, reply: Reply) -> None:
        figures = reply.figures or reply.so_far()
        note = words_of(reply.failure) if reply.failure else ""
        if reply.turn_id is None:
            reply = self._plant(reply)
        if reply.turn_id is not None:
            self.store.update_turn(reply.turn_id, text=reply.text, figures=figures, note=note)
        if reply.over:
            here = self.state.reply_here is not None
            self.state = msgspec.structs.replace(self.state, reply=None)
            if here:
                self.reload()
            self._listener.conversations_changed()

    def _plant(self, reply: Reply) -> Reply:
        """Give the reply, and the message before it, their places in the tree."""
        here = reply.conversation_id == self.state.conversation_id
        parent_id = reply.parent_id
        conversation_id = reply.conversation_id
        if conversation_id is None:
            conversation_id = self._create().id
            self.store.set_draft(None, "")
        if reply.message is not None:
            parent_id = self.store.add_turn(conversation_id, parent_id, "user", reply.message).id
        info = self.state.model.info
        turn = self.store.add_turn(
            conversation_id,
            parent_id,
            "assistant",
            reply.text,
            model=info.name if info else self.state.model.ref,
            template=self._prompt.template.name if self._prompt else "",
            sampling=self.state.sampling,
            figures=reply.so_far(),
        )
        planted = msgspec.structs.replace(reply, conversation_id=conversation_id, parent_id=parent_id, turn_id=turn.id)
        self.state = msgspec.structs.replace(self.state, reply=planted)
        if here:
            self.state = msgspec.structs.replace(self.state, conversation=self.store.conversation(conversation_id))
            self.reload()
        self._listener.conversations_changed()
        return planted

    def _create(self) -> Conversation:
        info = self.state.model.info
        return self.store.create(
            model=info.ref if info else self.state.model.ref,
            template=self.state.template.id,
            variables=dict(self.state.variables),
            sampling=self.state.sampling,
        )

    def _withdraw(self, reply: Reply, failure: Failed | None) -> None:
        """Nothing came: the message goes back to where it was typed."""
        self.state = msgspec.structs.replace(self.state, reply=None, fault=failure or self.state.fault)
        if reply.message is not None:
            self._listener.give_back(reply.message)
        self._listener.state_changed()

    def _answer(self, path: Sequence[StoredTurn], *, start: str) -> None:
        reply = Reply(
            conversation_id=self.state.conversation_id, parent_id=path[-1].id, start=start, text=start
        )
        self._ask(reply, _as_prompt(path), start=start)

    def _ask(self, reply: Reply, turns: Sequence[Turn], *, start: str = "") -> None:
        self._prompt = self._make_prompt(turns, start=start)
        self._saved_s = self._clock()
        model = self.state.model
        if model.phase == "ready" and self._bridge.client.model is not None:
            reply = self._generate(reply, self._prompt)
        self._set(reply=reply, fault=None)
        if reply.phase == "waiting" and model.phase != "loading":
            self.load(model.ref)

    def _generate(self, reply: Reply, prompt: Prompt) -> Reply:
        request_id = self._bridge.client.next_id()
        self._bridge.run(Generate(id=request_id, prompt=prompt, sampling=self.sampling))
        return reply.ask(request_id)

    def _rewrite(self, turn: StoredTurn, text: str) -> None:
        """A person's own version of a reply."""
        self.store.add_turn(
            turn.conversation_id,
            turn.parent_id,
            "assistant",
            text,
            model=f"{turn.model} (edited)" if not turn.model.endswith("(edited)") else turn.model,
            template=turn.template,
        )
        self._set(editing=None)
        self.reload()

    # Small things

    def _make_prompt(
        self, turns: Sequence[Turn], *, start: str = "", template: Template | None = None
    ) -> Prompt:
        return Prompt(
            template=template or self.state.template,
            turns=tuple(turns),
            variables=dict(self.state.variables),
            reply_start=start,
        )

    def _template(self, name: str) -> Template:
        """The template of that name; the model's default where there is none."""
        info = self.state.model.info if hasattr(self, "state") else ModelState().info
        for candidate in (name, self._settings.template, default_template_id(info)):
            try:
                return self.library.get(candidate)
            except TemplateNotFound:
                continue
        return self.library.get("plain")

    def _remember(
        self,
        *,
        template: str | None = None,
        variables: dict[str, str] | None = None,
        sampling: SamplingChange | None = None,
    ) -> None:
        conversation_id = self.state.conversation_id
        if conversation_id is not None:
            self._guard(
                lambda: self.store.choose(
                    conversation_id, template=template, variables=variables, sampling=sampling
                )
            )

    def _guard(self, write: Callable[[], None]) -> None:
        """Write to the store; when it can't be written, say so and go on with what is in memory."""
        try:
            write()
        except StoreFailed as error:
            self.state = msgspec.structs.replace(
                self.state, fault=Failed(id=0, code=error.code, title=error.title, hint=error.hint)
            )
            self._listener.notice(str(error), error=True)

    def _set_turns(self, turns: tuple[StoredTurn, ...]) -> None:
        self.state = self.state.with_turns(turns)
        self._listener.state_changed()

    def _set(self, **changes: object) -> None:
        self.state = msgspec.structs.replace(self.state, **changes)
        self._listener.state_changed()


def _as_prompt(turns: Sequence[StoredTurn]) -> tuple[Turn, ...]:
    return tuple(Turn(role=turn.role, text=turn.text) for turn in turns)
