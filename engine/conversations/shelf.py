"""Conversations without their turns: the list, titles, drafts, deleting."""

from __future__ import annotations

from collections.abc import Callable

from engine.conversations import drafts, search
from engine.conversations.database import Database
from engine.conversations.records import Conversation, NewConversation, encode, joined, read_conversation
from engine.conversations.titles import tidy_title, title_from
from engine.errors import ConversationNotFound
from engine.protocol import SamplingChange

DELETED_KEPT_S = 30 * 24 * 3600.0
"""How long a deleted conversation can be brought back."""


class Shelf:
    """The half of `Store` that knows conversations as wholes."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def create(
        self,
        *,
        title: str = "",
        model: str = "",
        template: str = "",
        variables: dict[str, str] | None = None,
        sampling: SamplingChange | None = None,
    ) -> Conversation:
        """Begin a conversation. Without a title it gets one from its first user message."""
        new = NewConversation(
            model=model, template=template, variables=variables or {}, sampling=sampling or SamplingChange()
        )
        return self.conversation(self._insert(new, self._clock(), title))

    def conversations(
        self, *, query: str = "", limit: int | None = None, offset: int = 0, deleted: bool = False
    ) -> tuple[Conversation, ...]:
        """List conversations, last changed first.

        Args:
            query: Keep those that have each of these words (or words that begin so) in the title or some turn.
            limit: How many at most; None for all.
            offset: How many to leave out at the start.
            deleted: List the deleted ones, in place of the others.
        """
        condition, values = search.listing(search.parse(query))
        rows = self._database.rows(
            f"SELECT c.* FROM conversations c WHERE c.deleted_s IS {'NOT' if deleted else ''} NULL"
            f" {'AND ' + condition if condition else ''}"
            " ORDER BY c.updated_s DESC, c.id DESC LIMIT ? OFFSET ?",
            *values,
            -1 if limit is None else limit,
            offset,
        )
        return tuple(read_conversation(row) for row in rows)

    def conversation(self, conversation_id: int) -> Conversation:
        """Read one conversation.

        Raises:
            ConversationNotFound: There is none with the id, or it was deleted.
        """
        row = self._database.row("SELECT * FROM conversations WHERE id = ?", conversation_id)
        if row is None:
            raise no_conversation(conversation_id)
        if row["deleted_s"] is not None:
            raise ConversationNotFound(
                f"Conversation {conversation_id} was deleted",
                f"`tunesmith chats restore {conversation_id}` brings it back",
            )
        return read_conversation(row)

    def rename(self, conversation_id: int, title: str) -> None:
        """Give a conversation a title; an empty one makes it from the first user message again."""
        self._change(conversation_id, "title = ?", tidy_title(title) or self._first_words(conversation_id))

    def choose(
        self,
        conversation_id: int,
        *,
        model: str | None = None,
        template: str | None = None,
        variables: dict[str, str] | None = None,
        sampling: SamplingChange | None = None,
    ) -> None:
        """Remember what the conversation goes on with; None leaves a field alone."""
        self._change(
            conversation_id,
            "model = coalesce(?, model), template = coalesce(?, template),"
            " variables = coalesce(?, variables), sampling = coalesce(?, sampling)",
            model,
            template,
            None if variables is None else encode(variables),
            None if sampling is None else encode(sampling),
        )

    def set_draft(self, conversation_id: int | None, text: str, *, waiting: str = "") -> None:
        """Keep what was typed and not sent; None is the chat that has no conversation yet.

        Args:
            conversation_id: Where it was typed.
            text: What.
            waiting: A message that was sent from there, whose answer has not begun.
        """
        if not drafts.write(self._database, conversation_id, text, waiting):
            raise no_conversation(conversation_id or 0)

    def set_choices(self, choices: NewConversation) -> None:
        """Keep what the chat that has no conversation yet is to begin with; forgotten once it has begun."""
        drafts.write_choices(self._database, choices)

    def choices(self) -> NewConversation:
        """Read what the chat that has no conversation yet is to begin with."""
        return drafts.choices(self._database)

    def draft(self, conversation_id: int | None) -> str:
        """Read what was typed and not answered, in a deleted conversation too; empty where there is nothing."""
        return joined(*self._draft_parts(conversation_id))

    def typed(self, conversation_id: int | None) -> str:
        """Read the draft without the message before it that waits for its answer."""
        return self._draft_parts(conversation_id)[1]

    def set_rewrite(self, turn_id: int, text: str, *, under_way: bool = True) -> None:
        """Keep the edit of a turn that was not sent; an empty one is forgotten.

        Raises:
            ConversationNotFound: There is no such turn.
        """
        with self._database.transaction():
            if not drafts.write_rewrite(self._database, turn_id, text, under_way):
                raise ConversationNotFound(f"There is no turn {turn_id} here", "It may have been deleted for good")

    def rewrite(self, turn_id: int) -> str:
        """Read the edit of a turn that was not sent; empty where there is none."""
        return drafts.rewrite(self._database, turn_id)

    def rewrite_under_way(self, conversation_id: int) -> int | None:
        """Say which turn was being edited when the conversation was left."""
        return drafts.rewrite_under_way(self._database, conversation_id)

    def delete(self, conversation_id: int) -> None:
        """Hide a conversation until `undelete`; only `purge` removes it."""
        self._change(conversation_id, "deleted_s = coalesce(deleted_s, ?)", self._clock())

    def undelete(self, conversation_id: int) -> None:
        """Bring a deleted conversation back."""
        self._change(conversation_id, "deleted_s = NULL")

    def purge(self, *, deleted_before_s: float) -> int:
        """Remove for good what was deleted before a moment; say how many conversations that were."""
        with self._database.transaction():
            return self._database.write("DELETE FROM conversations WHERE deleted_s < ?", deleted_before_s).rowcount

    def _draft_parts(self, conversation_id: int | None) -> tuple[str, str]:
        if conversation_id is None:
            return drafts.of_new_chat(self._database)
        row = self._database.row("SELECT waiting, draft FROM conversations WHERE id = ?", conversation_id)
        if row is None:
            raise no_conversation(conversation_id)
        return str(row["waiting"]), str(row["draft"])

    def _insert(self, new: NewConversation, now_s: float, title: str = "") -> int:
        cursor = self._database.write(
            "INSERT INTO conversations (title, created_s, updated_s, model, template, variables, sampling)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            tidy_title(title),
            now_s,
            now_s,
            new.model,
            new.template,
            encode(new.variables),
            encode(new.sampling),
        )
        return int(cursor.lastrowid or 0)

    def _change(self, conversation_id: int, assignments: str, *values: str | float | None) -> None:
        sql = f"UPDATE conversations SET {assignments} WHERE id = ?"
        if not self._database.write(sql, *values, conversation_id).rowcount:
            raise no_conversation(conversation_id)

    def _first_words(self, conversation_id: int) -> str:
        sql = "SELECT text FROM turns WHERE conversation_id = ? AND role = 'user' ORDER BY id LIMIT 1"
        row = self._database.row(sql, conversation_id)
        return title_from(row["text"]) if row else ""


def no_conversation(conversation_id: int) -> ConversationNotFound:
    """Make the error for a conversation that is not there."""
    return ConversationNotFound(
        f"There is no conversation {conversation_id}", "`tunesmith chats list` shows those that there are"
    )
