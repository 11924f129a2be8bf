"""Storing a reply as it comes: at its first token, now and then while it streams, and whole at its end."""

from __future__ import annotations

import msgspec

from engine.conversations import NewConversation, NewTurn
from engine.errors import ConversationNotFound
from engine.protocol import Failed
from tui.session.desk import Desk, told
from tui.session.drafts import Drafts
from tui.state.chat import words_of
from tui.state.reply import Reply

SAVE_INTERVAL_S = 0.5
FIRST_RETRY_S = 0.25
LAST_RETRY_S = 8.0


class Keeping:
    """The one reply's way into the store."""

    def __init__(self, desk: Desk, drafts: Drafts) -> None:
        """Work on a desk."""
        self._desk = desk
        self._drafts = drafts
        self._saved_s = 0.0
        self._retry_s = 0.0

    def begin(self) -> None:
        """A reply was asked for."""
        self._saved_s = self._desk.clock()
        self._retry_s = 0.0

    def keep(self, reply: Reply) -> None:
        """Store what is there, where it is time to; after a failure, ever less often."""
        now_s = self._desk.clock()
        waited_s = now_s - self._saved_s
        if self._retry_s:
            due = waited_s >= self._retry_s
        else:
            due = reply.turn_id is None or reply.over or waited_s >= SAVE_INTERVAL_S
        if not due:
            return
        self._saved_s = now_s
        if self._desk.guard(self._write, retried=True):
            self._retry_s = 0.0
        else:
            self._retry_s = min(max(2 * self._retry_s, FIRST_RETRY_S), LAST_RETRY_S)

    def settle(self) -> bool:
        """Store a reply that is over and could not be stored yet; say whether the way is free for another one."""
        reply = self._desk.state.reply
        if reply is None:
            return True
        return reply.over and self._desk.guard(self._write) and self._desk.state.reply is None

    def cut(self) -> None:
        """The program ends: store what is there of a reply that was coming."""
        reply = self._desk.state.reply
        if reply is None or not reply.worth_keeping:
            return
        if not reply.over:
            figures = msgspec.structs.replace(reply.so_far(), reason="cancelled")
            self._desk.put(reply=msgspec.structs.replace(reply, phase="finished", figures=figures))
        self._desk.guard(self._write)

    def _write(self) -> None:
        try:
            self._write_reply()
        except ConversationNotFound as error:
            self._let_go(told(error))

    def _write_reply(self) -> None:
        desk = self._desk
        if desk.state.reply is not None and desk.state.reply.turn_id is None:
            self._plant(desk.state.reply)
        reply = desk.state.reply
        if reply is None or reply.turn_id is None:
            return
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
        desk, asked = self._desk, reply.asked
        here = desk.state.reply_here is not None
        place = reply.conversation_id
        conversation, turn = desk.store.begin_reply(
            place
            if place is not None
            else NewConversation(
                model=asked.ref,
                template=asked.prompt.template.id,
                variables=asked.prompt.variables,
                sampling=asked.change,
            ),
            reply.parent_id,
            NewTurn(
                role="assistant",
                text=reply.text,
                model=asked.model,
                template=asked.prompt.template.name,
                sampling=asked.change,
                figures=reply.so_far(),
            ),
            message=reply.message,
            model=asked.ref,
            replaces=reply.replaces.id if reply.replaces else None,
        )
        desk.put(
            reply=msgspec.structs.replace(
                reply, conversation_id=conversation.id, parent_id=turn.parent_id, turn_id=turn.id
            )
        )
        if here:
            desk.put(conversation=conversation)
        self._drafts.planted(reply, conversation.id)
        if here:
            desk.reload()
        desk.listener.conversations_changed()

    def _let_go(self, failure: Failed) -> None:
        """Another program removed the conversation for good: the message, where it was not stored, is given back."""
        desk, reply = self._desk, self._desk.state.reply
        if reply is None:
            return
        here = desk.state.reply_here is not None
        desk.put(reply=None)
        desk.listener.notice(words_of(failure), error=True)
        if here:
            desk.reload()
        if reply.turn_id is None and reply.message is not None:
            desk.listener.give_back(reply.message)
