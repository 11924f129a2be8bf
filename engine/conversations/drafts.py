"""What was typed and not sent: drafts, messages that wait for their answer, and edits of turns."""

from __future__ import annotations

import sqlite3

import msgspec

from engine.conversations.database import Database
from engine.conversations.records import NewConversation, encode

_NEW_CHAT = "new-chat"


def write(database: Database, conversation_id: int | None, typed: str, waiting: str) -> bool:
    """Keep a draft, and the message before it; say whether there is such a place."""
    if conversation_id is not None:
        sql = "UPDATE conversations SET draft = ?, waiting = ? WHERE id = ?"
        return bool(database.write(sql, typed, waiting, conversation_id).rowcount)
    database.write(
        "INSERT INTO drafts (place, text, waiting) VALUES (?, ?, ?)"
        " ON CONFLICT (place) DO UPDATE SET text = excluded.text, waiting = excluded.waiting",
        _NEW_CHAT,
        typed,
        waiting,
    )
    return True


def of_new_chat(database: Database) -> tuple[str, str]:
    """Read the message that waits in the chat that has no conversation yet, and what was typed after it."""
    row = database.row("SELECT waiting, text FROM drafts WHERE place = ?", _NEW_CHAT)
    return (str(row["waiting"]), str(row["text"])) if row else ("", "")


def write_choices(database: Database, choices: NewConversation) -> None:
    """Keep what the chat that has no conversation yet is to begin with."""
    database.write(
        "INSERT INTO drafts (place, text, choices) VALUES (?, '', ?)"
        " ON CONFLICT (place) DO UPDATE SET choices = excluded.choices",
        _NEW_CHAT,
        encode(choices),
    )


def choices(database: Database) -> NewConversation:
    """Read it; what can't be read was not chosen."""
    row = database.row("SELECT choices FROM drafts WHERE place = ?", _NEW_CHAT)
    try:
        return msgspec.json.decode(str(row["choices"]), type=NewConversation) if row else NewConversation()
    except msgspec.MsgspecError:
        return NewConversation()


def settle(database: Database, conversation_id: int) -> None:
    """The message that waited in a conversation is stored as its turn."""
    database.write("UPDATE conversations SET waiting = '' WHERE id = ?", conversation_id)


def settle_new_chat(database: Database, conversation_id: int) -> None:
    """The message that waited began a conversation; what was typed after it is typed there."""
    _, typed = of_new_chat(database)
    write(database, conversation_id, typed, "")
    write(database, None, "", "")
    write_choices(database, NewConversation())


def write_rewrite(database: Database, turn_id: int, text: str, under_way: bool) -> bool:
    """Keep the edit of a turn, the only one under way in its conversation; say whether there is such a turn.

    An empty one is forgotten.
    """
    row = database.row("SELECT conversation_id FROM turns WHERE id = ?", turn_id)
    if row is None:
        return False
    forget_rewrite(database, turn_id)
    if under_way:
        database.write("UPDATE rewrites SET open = 0 WHERE conversation_id = ? AND open", row["conversation_id"])
    if text:
        database.write(
            "INSERT INTO rewrites (turn_id, conversation_id, text, open) VALUES (?, ?, ?, ?)",
            turn_id,
            row["conversation_id"],
            text,
            int(under_way),
        )
    return True


def rewrite(database: Database, turn_id: int) -> str:
    """Read the edit of a turn that was not sent; empty where there is none."""
    row = database.row("SELECT text FROM rewrites WHERE turn_id = ?", turn_id)
    return str(row["text"]) if row else ""


def rewrite_under_way(database: Database, conversation_id: int) -> int | None:
    """Say which turn of a conversation was being edited."""
    row: sqlite3.Row | None = database.row(
        "SELECT turn_id FROM rewrites WHERE conversation_id = ? AND open", conversation_id
    )
    return int(row["turn_id"]) if row else None


def forget_rewrite(database: Database, turn_id: int) -> None:
    """The edit was sent."""
    database.write("DELETE FROM rewrites WHERE turn_id = ?", turn_id)
