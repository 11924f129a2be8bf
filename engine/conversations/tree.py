"""The tree of turns: branches, versions, and which branch is the active one."""

from __future__ import annotations

import sqlite3

from engine.conversations.database import Database

_COLUMNS = """
    t.id, t.conversation_id, t.parent_id, t.role, t.text, t.created_s, t.model, t.template, t.sampling, t.figures,
    t.note, t.finished,
    (SELECT count(*) FROM turns s WHERE s.parent_id IS t.parent_id AND s.conversation_id = t.conversation_id
        AND s.id <= t.id) AS version,
    (SELECT count(*) FROM turns s WHERE s.parent_id IS t.parent_id AND s.conversation_id = t.conversation_id)
        AS versions
"""

_TURN = f"SELECT {_COLUMNS} FROM turns t WHERE t.id = ?"

_ALL = f"SELECT {_COLUMNS} FROM turns t WHERE t.conversation_id = ? ORDER BY t.id"

_UP_FROM = """
    WITH RECURSIVE up (id, parent_id) AS (
        SELECT id, parent_id FROM turns WHERE id = {start}
        UNION ALL SELECT t.id, t.parent_id FROM up CROSS JOIN turns t ON t.id = up.parent_id
    )
"""

_PATH = (
    _UP_FROM.format(start="(SELECT head_id FROM conversations WHERE id = ?)")
    + f"SELECT {_COLUMNS} FROM up CROSS JOIN turns t ON t.id = up.id ORDER BY t.id"
)

_CHOOSE_UP = (
    _UP_FROM.format(start="?")
    + "UPDATE turns SET last_child_id = up.id FROM up"
    + " WHERE turns.id = up.parent_id AND turns.last_child_id IS NOT up.id"
)

_LEAF = """
    WITH RECURSIVE down (id, next_id) AS (
        SELECT id, last_child_id FROM turns WHERE id = ?
        UNION ALL SELECT t.id, t.last_child_id FROM down CROSS JOIN turns t ON t.id = down.next_id
    )
    SELECT id FROM down WHERE next_id IS NULL
"""

_SIBLINGS = """
    SELECT s.id FROM turns t CROSS JOIN turns s
        ON s.parent_id IS t.parent_id AND s.conversation_id = t.conversation_id
    WHERE t.id = ? ORDER BY s.id
"""


def turn_row(database: Database, turn_id: int) -> sqlite3.Row | None:
    """Read one turn with its place among its siblings."""
    return database.row(_TURN, turn_id)


def all_rows(database: Database, conversation_id: int) -> list[sqlite3.Row]:
    """Read the whole tree, parents before their children."""
    return database.rows(_ALL, conversation_id)


def path_rows(database: Database, conversation_id: int) -> list[sqlite3.Row]:
    """Read the active branch, from its root to the head."""
    return database.rows(_PATH, conversation_id)


def sibling_ids(database: Database, turn_id: int) -> tuple[int, ...]:
    """List the turns with the same parent, this one included, oldest first."""
    return tuple(row["id"] for row in database.rows(_SIBLINGS, turn_id))


def leaf_below(database: Database, turn_id: int) -> int:
    """Find the leaf that was last active among those below a turn."""
    row = database.row(_LEAF, turn_id)
    return int(row["id"]) if row else turn_id


def choose_branch(database: Database, turn_id: int) -> None:
    """Make every ancestor point towards this turn. Writes only where that is not so yet."""
    database.write(_CHOOSE_UP, turn_id)


def extend_branch(database: Database, turn_id: int, parent_id: int) -> None:
    """`choose_branch` for a new turn under the head, whose other ancestors point the right way already."""
    database.write("UPDATE turns SET last_child_id = ? WHERE id = ?", turn_id, parent_id)
