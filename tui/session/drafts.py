"""What was typed and not sent: in the store within moments, in memory for as long as the store can't be written."""

from __future__ import annotations

from functools import partial

import msgspec

from engine.conversations import Store, StoredTurn
from engine.errors import ConversationNotFound
from tui.session.desk import Desk
from tui.state.reply import Reply


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the composer of a conversation."""

    conversation_id: int | None
    text: str
    waiting: str = ""
    """A message that was sent from there, whose answer has not begun."""

    @property
    def whole(self) -> str:
        """All that was typed."""
        return "\n\n".join(part for part in (self.waiting, self.text) if part)

    def write(self, store: Store) -> None:
        """Keep it."""
        store.set_draft(self.conversation_id, self.text, waiting=self.waiting)


class Rewrite(msgspec.Struct, frozen=True, kw_only=True):
    """The edit of a turn."""

    turn: StoredTurn
    text: str
    under_way: bool = True

    @property
    def conversation_id(self) -> int | None:
        """Where the turn stands."""
        return self.turn.conversation_id

    @property
    def whole(self) -> str:
        """All that was typed."""
        return self.text

    def write(self, store: Store) -> None:
        """Keep it; one that changes nothing is none."""
        changed = self.text if self.text != self.turn.text else ""
        store.set_rewrite(self.turn.id, changed, under_way=self.under_way)


_Place = tuple[str, int | None]


class Drafts:
    """The composer's text, by the conversation or the turn that it belongs to."""

    def __init__(self, desk: Desk) -> None:
        """Work on a desk."""
        self._desk = desk
        self._late: dict[_Place, Draft | Rewrite] = {}

    def save(self, text: str) -> None:
        """Keep what is in the composer, and a message whose answer has not begun."""
        state = self._desk.state
        if state.editing is not None:
            self._keep(Rewrite(turn=state.editing, text=text))
        else:
            self._keep(Draft(conversation_id=state.conversation_id, text=text, waiting=self._waiting()))

    def flush(self) -> bool:
        """Write what could not be written before; say whether nothing is left."""
        for place, late in tuple(self._late.items()):
            if self._desk.guard(partial(self._write, late), retried=True):
                self._late.pop(place, None)
        return not self._late

    def draft(self) -> str:
        """What was left in the composer of the open conversation."""
        state, store = self._desk.state, self._desk.store
        late = self._late.get(("chat", state.conversation_id))
        if self._waiting():
            return late.text if late else self._desk.read(lambda: store.typed(state.conversation_id), "")
        if isinstance(late, Draft):
            return late.whole
        return self._desk.read(lambda: store.draft(state.conversation_id), "")

    def resume(self) -> str:
        """What belongs in the composer of a conversation that was opened just now; an edit under way goes on."""
        desk, state = self._desk, self._desk.state
        conversation_id = state.conversation_id
        if conversation_id is None:
            return self.draft()
        turn_id = desk.read(lambda: desk.store.rewrite_under_way(conversation_id), None)
        turn = next((turn for turn in state.turns if turn.id == turn_id), None)
        if turn is None or turn == self._sent():
            return self.draft()
        desk.change(editing=turn)
        return self._rewrite(turn)

    def begin_edit(self, turn: StoredTurn, text: str) -> str | None:
        """Edit a turn.

        Args:
            turn: Which.
            text: What is in the composer, which is kept where it belongs.

        Returns:
            What the composer shows instead: the turn, as it was left when it was edited before. None where it turned
            out that the conversation is gone.
        """
        self._leave(text)
        if turn not in self._desk.state.turns:
            return None
        self._desk.change(editing=turn)
        return self._rewrite(turn)

    def leave_edit(self, text: str) -> str:
        """Leave editing; what was changed is kept with the turn.

        Args:
            text: What is in the composer.

        Returns:
            What the composer shows instead: the draft.
        """
        self._leave(text)
        self._desk.change(editing=None)
        return self.draft()

    def give_back(self, reply: Reply) -> None:
        """A message came to nothing: it goes to where it was typed."""
        desk, state, message = self._desk, self._desk.state, reply.message
        if message is None:
            return
        here = reply.conversation_id == state.conversation_id and state.editing is None
        if here and reply.replaces is not None:
            desk.listener.edit_again(reply.replaces, message)
        elif here:
            desk.listener.give_back(message)
        elif reply.replaces is not None:
            self._keep(Rewrite(turn=reply.replaces, text=message))
            desk.listener.notice("Your edit was not answered; it is kept with its turn")
        else:
            self._keep_waiting(reply.conversation_id, message)
            desk.listener.notice("Your message was not answered; it is kept in its conversation's composer")

    def planted(self, reply: Reply, conversation_id: int) -> None:
        """A message was stored with its answer: it is no draft any more."""
        if reply.replaces is not None:
            self._late.pop(("turn", reply.replaces.id), None)
            return
        late = self._late.pop(("chat", reply.conversation_id), None)
        if isinstance(late, Draft):
            self._keep(Draft(conversation_id=conversation_id, text=late.text))

    def rewritten(self, turn: StoredTurn) -> None:
        """An edit was stored as a turn of its own."""
        self._late.pop(("turn", turn.id), None)

    def _leave(self, text: str) -> None:
        editing = self._desk.state.editing
        if editing is None:
            self.save(text)
        else:
            self._keep(Rewrite(turn=editing, text=text, under_way=False))

    def _rewrite(self, turn: StoredTurn) -> str:
        late, store = self._late.get(("turn", turn.id)), self._desk.store
        kept = late.text if late else self._desk.read(lambda: store.rewrite(turn.id), "")
        return kept or turn.text

    def _keep_waiting(self, conversation_id: int | None, message: str) -> None:
        late, store = self._late.get(("chat", conversation_id)), self._desk.store
        typed = late.text if late else self._desk.read(lambda: store.typed(conversation_id), "")
        self._keep(Draft(conversation_id=conversation_id, text=typed, waiting=message))

    def _keep(self, one: Draft | Rewrite) -> None:
        place = ("turn", one.turn.id) if isinstance(one, Rewrite) else ("chat", one.conversation_id)
        self._late[place] = one
        self.flush()

    def _write(self, one: Draft | Rewrite) -> None:
        try:
            one.write(self._desk.store)
        except ConversationNotFound:
            # Removed for good by another program: the text belongs to no conversation any more.
            if one.conversation_id == self._desk.state.conversation_id:
                self._desk.reload()
            elif one.whole:
                self._desk.listener.give_back(one.whole)

    def _waiting(self) -> str:
        reply = self._desk.state.reply_here
        if reply is None or reply.turn_id is not None or reply.replaces is not None:
            return ""
        return reply.message or ""

    def _sent(self) -> StoredTurn | None:
        """The turn whose edit waits for its answer."""
        reply = self._desk.state.reply_here
        return reply.replaces if reply is not None and reply.turn_id is None else None
