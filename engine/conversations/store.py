"""The door to all conversations."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from engine.conversations import drafts, replies, search, tree, turns
from engine.conversations.database import BUSY_TIMEOUT_S, Damaged, Database, open_or_set_aside
from engine.conversations.records import (
    Conversation,
    Figures,
    Hit,
    NewConversation,
    NewTurn,
    StoredTurn,
    read_turn,
)
from engine.conversations.replies import no_turn
from engine.conversations.shelf import Shelf
from engine.conversations.titles import storable
from engine.conversations.writers import Writer
from engine.errors import StoreFailed
from engine.protocol import Role, SamplingChange


class Store(Shelf):
    """Conversations in one SQLite file, which several programs may have open at once.

    Every call is one short transaction and returns in milliseconds; any thread may call. What a call has
    returned from is there after a kill -9 of the program (a power cut may take the last moments with it).
    Each call raises `StoreFailed` when the database can't be read or written.
    """

    def __init__(self, database: Database, clock: Callable[[], float], notice: str = "") -> None:
        super().__init__(database, clock)
        self._writer = Writer(database.file)
        self.notice = notice
        """What the user should be told about the opening: a damaged database was set aside."""

    @classmethod
    def open(
        cls, file: Path, *, clock: Callable[[], float] = time.time, busy_timeout_s: float = BUSY_TIMEOUT_S
    ) -> Store:
        """Open the store, making it where there is none, and end what a crashed program left streaming.

        Args:
            file: The database.
            clock: Seconds since the epoch.
            busy_timeout_s: How long a write waits for another program's before it raises `Busy`. Who can't wait, as
                keys would, takes little and tries again.

        Raises:
            StoreFailed: It can't be opened, or was written by a newer Tunesmith.
        """
        try:
            store = cls._opened(file, clock)
        except Damaged:
            # Damage that only shows in use was noted: this time the whole file is checked and set aside.
            store = cls._opened(file, clock)
        store._database.wait_at_most(busy_timeout_s)
        return store

    @classmethod
    def _opened(cls, file: Path, clock: Callable[[], float]) -> Store:
        database, notice = open_or_set_aside(file, clock)
        store = cls(database, clock, notice)
        try:
            store.recover()
        except StoreFailed:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close the file; replies that this program left streaming become interrupted."""
        if self._writer.started:
            # Should it fail, the next opening does the same.
            with contextlib.suppress(StoreFailed):
                replies.interrupt(self._database, self._writer.name())
            self._writer.close()
        self._database.close()

    def add_turn(
        self,
        conversation_id: int,
        parent_id: int | None,
        role: Role,
        text: str = "",
        *,
        model: str = "",
        template: str = "",
        sampling: SamplingChange | None = None,
        figures: Figures | None = None,
        replaces: int | None = None,
    ) -> StoredTurn:
        """Add a turn under another, which makes it the head of the active branch.

        A reply that will be streamed into is one whose figures say `streaming`, or an assistant's turn
        with neither figures nor text; every other turn is finished, and its text never changes again. A
        deleted conversation that gets a turn is deleted no more. The kept edit of the turn that this one `replaces`
        is forgotten with it.

        Raises:
            ConversationNotFound: There is no such conversation, or no such parent in it.
        """
        turn = NewTurn(role=role, text=text, model=model, template=template, sampling=sampling, figures=figures)
        writer = self._name_for(turn)
        with self._database.transaction():
            turn_id = turns.insert(self._database, conversation_id, parent_id, turn, writer=writer, now_s=self._clock())
            if replaces is not None:
                drafts.forget_rewrite(self._database, replaces)
            return self.turn(turn_id)

    def begin_reply(
        self,
        place: int | NewConversation,
        parent_id: int | None,
        reply: NewTurn,
        *,
        message: str | None = None,
        replaces: int | None = None,
        model: str = "",
    ) -> tuple[Conversation, StoredTurn]:
        """Store a message and the reply to it that begins now: both, or neither.

        What was kept of the message until now, as a waiting one or as an edit, is forgotten with it. The draft of the
        chat that had no conversation yet goes along with the conversation that begins.

        Args:
            place: The conversation, or what it begins with.
            parent_id: The turn that the message hangs on, or the reply where there is no message.
            reply: What there is of the reply.
            message: What the person said; None where a stored turn is answered.
            replaces: The turn that the message is an edit of.
            model: The reference of the model that replies, with which the conversation goes on; empty leaves it.

        Returns:
            The conversation, and the reply's turn.

        Raises:
            ConversationNotFound: There is no such conversation, or no such parent in it.
        """
        writer, now_s = self._name_for(reply), self._clock()
        with self._database.transaction():
            new = isinstance(place, NewConversation)
            conversation_id = self._insert(place, now_s) if isinstance(place, NewConversation) else place
            if message is not None:
                said = NewTurn(role="user", text=message)
                parent_id = turns.insert(self._database, conversation_id, parent_id, said, writer="", now_s=now_s)
            if new:
                drafts.settle_new_chat(self._database, conversation_id)
            elif replaces is not None:
                drafts.forget_rewrite(self._database, replaces)
            elif message is not None:
                drafts.settle(self._database, conversation_id)
            if model:
                self.choose(conversation_id, model=model)
            turn_id = turns.insert(self._database, conversation_id, parent_id, reply, writer=writer, now_s=now_s)
            return self.conversation(conversation_id), self.turn(turn_id)

    def update_turn(
        self, turn_id: int, *, text: str | None = None, figures: Figures | None = None, note: str | None = None
    ) -> None:
        """Write what a reply has become; cheap enough for several times a second.

        Figures with another reason than `streaming`, or a note, finish the reply: its text is then in the
        search index and never changes again. A note without figures makes the reason `failed`.

        Raises:
            ConversationNotFound: There is no such turn.
            Misuse: The turn is finished already and the text would change.
        """
        text = None if text is None else storable(text)
        if not note and (figures is None or figures.reason == "streaming"):
            replies.grow(self._database, turn_id, text, figures)
            return
        with self._database.transaction():
            replies.finish(self._database, turn_id, text=text, figures=figures, note=note, now_s=self._clock())

    def turn(self, turn_id: int) -> StoredTurn:
        """Read one turn.

        Raises:
            ConversationNotFound: There is none with the id.
        """
        row = tree.turn_row(self._database, turn_id)
        if row is None:
            raise no_turn(turn_id)
        return read_turn(row)

    def path(self, conversation_id: int) -> tuple[StoredTurn, ...]:
        """Read the active branch, from its root to the head.

        Raises:
            ConversationNotFound: There is no such conversation.
        """
        self.conversation(conversation_id)
        return tuple(read_turn(row) for row in tree.path_rows(self._database, conversation_id))

    def all_turns(self, conversation_id: int) -> tuple[StoredTurn, ...]:
        """Read the whole tree, parents before their children.

        Raises:
            ConversationNotFound: There is no such conversation.
        """
        self.conversation(conversation_id)
        return tuple(read_turn(row) for row in tree.all_rows(self._database, conversation_id))

    def siblings(self, turn_id: int) -> tuple[int, ...]:
        """List the versions of a turn, itself included, oldest first.

        Raises:
            ConversationNotFound: There is no such turn.
        """
        found = tree.sibling_ids(self._database, turn_id)
        if not found:
            raise no_turn(turn_id)
        return found

    def select(self, turn_id: int) -> None:
        """Make the branch of a turn the active one, down to the leaf below it that was active last.

        Raises:
            ConversationNotFound: There is no such turn.
        """
        with self._database.transaction():
            turn = self.turn(turn_id)
            tree.choose_branch(self._database, turn_id)
            self._database.write(
                "UPDATE conversations SET head_id = ? WHERE id = ?",
                tree.leaf_below(self._database, turn_id),
                turn.conversation_id,
            )

    def search(self, query: str, *, limit: int = 50) -> tuple[Hit, ...]:
        """Find turns that have all the words, newest first, after conversations whose title alone has them."""
        return search.find(self._database, search.parse(query), limit)

    def last_said(self, *, limit: int = 50) -> tuple[str, ...]:
        """Read what the person said last, in whichever conversation, oldest first."""
        rows = self._database.rows(
            "SELECT t.text FROM turns t JOIN conversations c ON c.id = t.conversation_id"
            " WHERE t.role = 'user' AND c.deleted_s IS NULL ORDER BY t.id DESC LIMIT ?",
            limit,
        )
        return tuple(str(row["text"]) for row in reversed(list(rows)))

    def recover(self) -> int:
        """End the replies that dead programs left streaming, keeping their text; say how many those were."""
        rows = self._database.rows("SELECT DISTINCT writer FROM turns WHERE finished = 0")
        dead = [str(row["writer"]) for row in rows if not self._writer.is_alive(row["writer"])]
        self._writer.sweep()
        return sum(replies.interrupt(self._database, writer) for writer in dead)

    def _name_for(self, turn: NewTurn) -> str:
        # Before any transaction: making the lock file may fail, and must not leave half of something behind.
        with self._database.in_words():
            return self._writer.name() if turn.streams else ""
