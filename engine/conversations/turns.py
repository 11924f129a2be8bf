"""Putting a turn into the tree; within a transaction."""

from __future__ import annotations

from engine.conversations import tree
from engine.conversations.database import Database
from engine.conversations.records import NewTurn, encode
from engine.conversations.replies import no_turn
from engine.conversations.shelf import no_conversation
from engine.conversations.titles import title_from


def insert(
    database: Database, conversation_id: int, parent_id: int | None, turn: NewTurn, *, writer: str, now_s: float
) -> int:
    """Add a turn under another, which makes it the head of the active branch.

    Args:
        database: Where.
        conversation_id: To which conversation; a deleted one is deleted no more.
        parent_id: Under which of its turns; None makes it a root.
        turn: What to add.
        writer: Who streams into it; empty where it is finished.
        now_s: Seconds since the epoch.

    Returns:
        The turn's id.

    Raises:
        ConversationNotFound: There is no such conversation, or no such parent in it.
    """
    head_id = _require_place(database, conversation_id, parent_id)
    cursor = database.write(
        "INSERT INTO turns (conversation_id, parent_id, role, text, created_s, model, template,"
        " sampling, figures, finished, writer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        conversation_id,
        parent_id,
        turn.role,
        turn.text,
        now_s,
        turn.model,
        turn.template,
        encode(turn.sampling) if turn.sampling else None,
        encode(turn.figures) if turn.figures else None,
        int(not turn.streams),
        writer,
    )
    turn_id = int(cursor.lastrowid or 0)
    if parent_id is not None and parent_id == head_id:
        tree.extend_branch(database, turn_id, parent_id)
    else:
        tree.choose_branch(database, turn_id)
    database.write(
        "UPDATE conversations SET head_id = ?, turns = turns + 1, updated_s = ?, deleted_s = NULL WHERE id = ?",
        turn_id,
        now_s,
        conversation_id,
    )
    if turn.role == "user":
        sql = "UPDATE conversations SET title = ? WHERE id = ? AND title = ''"
        database.write(sql, title_from(turn.text), conversation_id)
    return turn_id


def _require_place(database: Database, conversation_id: int, parent_id: int | None) -> int | None:
    row = database.row("SELECT head_id FROM conversations WHERE id = ?", conversation_id)
    if row is None:
        raise no_conversation(conversation_id)
    sql = "SELECT 1 FROM turns WHERE id = ? AND conversation_id = ?"
    if parent_id is not None and not database.row(sql, parent_id, conversation_id):
        raise no_turn(parent_id)
    head_id: int | None = row["head_id"]
    return head_id
