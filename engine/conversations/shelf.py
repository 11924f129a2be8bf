"""Conversations without their turns: the list, titles, drafts, deleting."""

from __future__ import annotations

from collections.abc import Callable

from engine.conversations import search
from engine.conversations.database import Database
from engine.conversations.records import Conversation, encode, read_conversation
from engine.conversations.titles import tidy_title, title_from
from engine.errors import ConversationNotFound
from engine.protocol import SamplingChange

_NEW_CHAT = "new-chat"


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
        now_s = self._clock()
        cursor = self._database.write(
            "INSERT INTO conversations (title, created_s, updated_s, model, template, variables, sampling)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            tidy_title(title),
            now_s,
            now_s,
            model,
            template,
            encode(variables or {}),
            encode(sampling or SamplingChange()),
        )
        return self.conversation(int(cursor.lastrowid or 0))

    def conversations(self, *, query: str = "", limit: int | None = None, offset: int = 0) -> tuple[Conversation, ...]:
        """List conversations, last changed first.

        Args:
            query: Keep those that have each of these words (or words that begin so) in the title or some turn.
            limit: How many at most; None for all.
            offset: How many to leave out at the start.
        """
        condition, values = search.listing(search.parse(query))
        rows = self._database.rows(
            f"SELECT c.* FROM conversations c WHERE c.deleted_s IS NULL {'AND ' + condition if condition else ''}"
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

    def set_draft(self, conversation_id: int | None, text: str) -> None:
        """Keep what was typed and not sent; None is the chat that has no conversation yet."""
        if conversation_id is not None:
            self._change(conversation_id, "draft = ?", text)
            return
        self._database.write(
            "INSERT INTO drafts (place, text) VALUES (?, ?) ON CONFLICT (place) DO UPDATE SET text = excluded.text",
            _NEW_CHAT,
            text,
        )

    def draft(self, conversation_id: int | None) -> str:
        """Read what was typed and not sent; empty where there is nothing."""
        if conversation_id is not None:
            return self.conversation(conversation_id).draft
        row = self._database.row("SELECT text FROM drafts WHERE place = ?", _NEW_CHAT)
        return str(row["text"]) if row else ""

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
