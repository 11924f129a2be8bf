"""Replies: asked for, stored as they come, and given back where nothing came."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.conversations import StoredTurn
from engine.protocol import Failed, Generate, Prompt, Turn
from tui.session.desk import Desk
from tui.session.model import Model
from tui.session.prompting import Prompting, as_prompt
from tui.state.chat import path_until, words_of
from tui.state.reply import Reply

SAVE_INTERVAL_S = 0.5


class Replies:
    """One reply at a time."""

    def __init__(self, desk: Desk, model: Model, prompting: Prompting) -> None:
        """Work on a desk, with its model and its prompts."""
        self._desk = desk
        self._model = model
        self._prompting = prompting
        self._prompt: Prompt | None = None
        self._saved_s = 0.0

    # What a person asks for

    def send(self, text: str) -> None:
        """Send a message; while an own turn is edited, as its new version."""
        state = self._desk.state
        before = path_until(state.turns, state.editing.parent_id) if state.editing else state.turns
        reply = Reply(conversation_id=state.conversation_id, parent_id=before[-1].id if before else None, message=text)
        self._desk.put(editing=None)
        self._ask(reply, (*as_prompt(before), Turn(role="user", text=text)))

    def regenerate(self, turn: StoredTurn) -> None:
        """Answer the same message again, as a new version."""
        self._answer(turn.id if turn.role == "user" else turn.parent_id, start="")

    def continue_from(self, turn: StoredTurn) -> None:
        """Let the model go on from the end of a reply, as a new version; a message is simply answered."""
        if turn.role == "user":
            self.regenerate(turn)
        else:
            self._answer(turn.parent_id, start=turn.text)

    def stop(self) -> None:
        """Stop the reply; what is there stays."""
        reply = self._desk.state.reply
        if reply is None or reply.over:
            return
        if reply.phase == "waiting":
            self.withdraw(None)
        else:
            self._desk.bridge.cancel(reply.request_id)

    def _answer(self, parent_id: int | None, *, start: str) -> None:
        path = path_until(self._desk.state.turns, parent_id)
        if not path:
            return
        reply = Reply(conversation_id=self._desk.state.conversation_id, parent_id=path[-1].id, start=start, text=start)
        self._ask(reply, as_prompt(path))

    def _ask(self, reply: Reply, turns: Sequence[Turn]) -> None:
        desk = self._desk
        self._prompt = self._prompting.prompt(turns, start=reply.start)
        self._saved_s = desk.clock()
        if desk.state.model.info is not None and desk.bridge.client.model is not None:
            desk.change(reply=self._generate(reply, self._prompt), fault=None)
            return
        desk.change(reply=reply, fault=None)
        if desk.state.model.phase != "loading":
            self._model.load(desk.state.model.ref)

    def _generate(self, reply: Reply, prompt: Prompt) -> Reply:
        request_id = self._desk.bridge.client.next_id()
        self._desk.bridge.run(Generate(id=request_id, prompt=prompt, sampling=self._prompting.sampling))
        return reply.ask(request_id)

    # What happens to it

    def begin_waiting(self) -> None:
        """The model is there: ask for the reply that waits for it."""
        reply = self._desk.state.reply
        if reply is not None and reply.phase == "waiting" and self._prompt is not None:
            self._desk.put(reply=self._generate(reply, self._prompt))

    def withdraw(self, failure: Failed | None) -> None:
        """Nothing came: the message goes back to where it was typed."""
        desk, reply = self._desk, self._desk.state.reply
        if reply is None:
            return
        desk.put(reply=None, fault=failure or desk.state.fault)
        if reply.message is not None:
            desk.listener.give_back(reply.message)
        desk.listener.state_changed()

    def keep(self) -> None:
        """Store the reply: at its first token, now and then while it streams, and whole at its end."""
        desk, reply = self._desk, self._desk.state.reply
        if reply is None:
            return
        if reply.over and not reply.worth_keeping:
            self.withdraw(reply.failure)
            return
        now_s = desk.clock()
        due = reply.turn_id is None or reply.over or now_s - self._saved_s >= SAVE_INTERVAL_S
        if reply.worth_keeping and due:
            self._saved_s = now_s
            desk.guard(self._write)

    def cut(self) -> None:
        """The program ends: store what is there of a reply that was coming."""
        reply = self._desk.state.reply
        if reply is None or reply.over or reply.turn_id is None:
            return
        figures = msgspec.structs.replace(reply.so_far(), reason="cancelled")
        turn_id = reply.turn_id
        self._desk.guard(lambda: self._desk.store.update_turn(turn_id, text=reply.text, figures=figures))

    def _write(self) -> None:
        desk, reply = self._desk, self._desk.state.reply
        if reply is None:
            return
        if reply.turn_id is None:
            self._plant(reply)
            reply = desk.state.reply or reply
        if reply.turn_id is not None:
            note = words_of(reply.failure) if reply.failure else None
            desk.store.update_turn(reply.turn_id, text=reply.text, figures=reply.figures or reply.so_far(), note=note)
        if reply.over:
            here = desk.state.reply_here is not None
            desk.put(reply=None)
            if here:
                desk.reload()
            desk.listener.conversations_changed()

    def _plant(self, reply: Reply) -> None:
        """Give the reply, and the message before it, their places in the tree."""
        desk, store = self._desk, self._desk.store
        here = reply.conversation_id == desk.state.conversation_id
        parent_id, conversation_id = reply.parent_id, reply.conversation_id
        if conversation_id is None:
            conversation_id = self._create()
        if reply.message is not None:
            parent_id = store.add_turn(conversation_id, parent_id, "user", reply.message).id
        info = desk.state.model.info
        turn = store.add_turn(
            conversation_id,
            parent_id,
            "assistant",
            reply.text,
            model=info.name if info else desk.state.model.ref,
            template=self._prompt.template.name if self._prompt else "",
            sampling=desk.state.sampling,
            figures=reply.so_far(),
        )
        desk.put(
            reply=msgspec.structs.replace(reply, conversation_id=conversation_id, parent_id=parent_id, turn_id=turn.id)
        )
        if here:
            desk.put(conversation=store.conversation(conversation_id))
            desk.reload()
        desk.listener.conversations_changed()

    def _create(self) -> int:
        """Store the conversation that begins with this message; its draft is no longer one."""
        desk, state = self._desk, self._desk.state
        conversation = desk.store.create(
            model=state.model.ref,
            template=self._prompt.template.id if self._prompt else "",
            variables=dict(state.variables),
            sampling=state.sampling,
        )
        desk.store.set_draft(None, "")
        return conversation.id
