"""The store of conversations: a tree of turns in SQLite, with full-text search and export.

`Store` is the one door. Opening it makes the database, and nothing is read or written before that.
"""

from __future__ import annotations

from engine.conversations.database import Busy
from engine.conversations.export import ExportFormat, export
from engine.conversations.records import (
    Conversation,
    Figures,
    Hit,
    NewConversation,
    NewTurn,
    Reason,
    StoredTurn,
)
from engine.conversations.shelf import DELETED_KEPT_S
from engine.conversations.store import Store

__all__ = [
    "DELETED_KEPT_S",
    "Busy",
    "Conversation",
    "ExportFormat",
    "Figures",
    "Hit",
    "NewConversation",
    "NewTurn",
    "Reason",
    "Store",
    "StoredTurn",
    "export",
]
