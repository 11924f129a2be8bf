"""Replies being written: cheap while they grow, finished once, and never changed after that."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.conversations.database import Database
from engine.conversations.records import Figures, decode_figures, encode
from engine.conversations.tree import turn_row
from engine.errors import ConversationNotFound, Misuse


def grow(database: Database, turn_id: int, text: str | None, figures: Figures | None) -> None:
    """Write what a reply has become so far; None leaves a field alone.

    Raises:
        ConversationNotFound: There is no such turn.
        Misuse: It is finished already, and something would change.
    """
    written = database.write(
        "UPDATE turns SET text = coalesce(?, text), figures = coalesce(?, figures) WHERE id = ? AND finished = 0",
        text,
        encode(figures) if figures else None,
        turn_id,
    )
    if written.rowcount:
        return
    row = turn_row(database, turn_id)
    if row is None:
        raise no_turn(turn_id)
    if figures is not None or (text is not None and text != row["text"]):
        raise _finished(turn_id)


def finish(
    database: Database, turn_id: int, *, text: str | None, figures: Figures | None, note: str | None, now_s: float
) -> None:
    """End a reply, which puts its text into the index; within a transaction.

    Raises:
        ConversationNotFound: There is no such turn.
        Misuse: It is finished already, and the text would change.
    """
    row = turn_row(database, turn_id)
    if row is None:
        raise no_turn(turn_id)
    if row["finished"] and text is not None and text != row["text"]:
        raise _finished(turn_id)
    database.write(
        "UPDATE turns SET text = ?, figures = ?, note = ?, finished = 1, writer = '' WHERE id = ?",
        row["text"] if text is None else text,
        encode(figures) if figures else _ended(row["figures"], "failed"),
        row["note"] if note is None else note,
        turn_id,
    )
    if not row["finished"]:
        database.write("UPDATE conversations SET updated_s = ? WHERE id = ?", now_s, row["conversation_id"])


def interrupt(database: Database, writer: str) -> int:
    """End all replies that a writer left, keeping their text; say how many those were."""
    sql = "SELECT id, figures FROM turns WHERE finished = 0 AND writer = ?"
    with database.transaction():
        rows = database.rows(sql, writer)
        for row in rows:
            database.write(
                "UPDATE turns SET figures = ?, finished = 1, writer = '' WHERE id = ?",
                _ended(row["figures"], "interrupted"),
                row["id"],
            )
    return len(rows)


def no_turn(turn_id: int) -> ConversationNotFound:
    """Make the error for a turn that is not there."""
    return ConversationNotFound(f"There is no turn {turn_id} here", "It may have been deleted for good")


def _ended(figures: str | None, reason: Literal["failed", "interrupted"]) -> str:
    found = decode_figures(figures) if figures else Figures()
    return encode(msgspec.structs.replace(found, reason=reason) if found.reason == "streaming" else found)


def _finished(turn_id: int) -> Misuse:
    return Misuse(f"Turn {turn_id} is finished and its text can't change", "Add a version beside it")
