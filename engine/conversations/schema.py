"""The tables, and how an older database becomes one of today."""

from __future__ import annotations

import sqlite3

from engine.errors import StoreFailed

# Turns keep a pointer to the child that was last on the active branch: following it from any turn leads to
# the leaf that was used last, without a clock. A turn's text is indexed when it is finished, not while it
# streams. A parent is always older than its children, so that the order of ids is the order of a branch.
# The parent key has no cascade: a chain of turns would nest one cascade in the other, and SQLite allows 1,000.
_FIRST = """
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    created_s REAL NOT NULL,
    updated_s REAL NOT NULL,
    deleted_s REAL,
    model TEXT NOT NULL,
    template TEXT NOT NULL,
    variables TEXT NOT NULL,
    sampling TEXT NOT NULL,
    draft TEXT NOT NULL DEFAULT '',
    head_id INTEGER REFERENCES turns (id) DEFERRABLE INITIALLY DEFERRED,
    turns INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX conversations_listed ON conversations (updated_s DESC, id DESC) WHERE deleted_s IS NULL;
CREATE INDEX conversations_deleted ON conversations (deleted_s) WHERE deleted_s IS NOT NULL;
CREATE INDEX conversations_head ON conversations (head_id);

CREATE TABLE turns (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id INTEGER REFERENCES turns (id) DEFERRABLE INITIALLY DEFERRED,
    last_child_id INTEGER,
    role TEXT NOT NULL,
    created_s REAL NOT NULL,
    model TEXT NOT NULL,
    template TEXT NOT NULL,
    sampling TEXT,
    figures TEXT,
    note TEXT NOT NULL DEFAULT '',
    finished INTEGER NOT NULL,
    writer TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX turns_siblings ON turns (parent_id, conversation_id, id);
CREATE INDEX turns_conversation ON turns (conversation_id);
CREATE INDEX turns_unfinished ON turns (writer) WHERE finished = 0;

CREATE TABLE drafts (place TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;

CREATE VIRTUAL TABLE titles_index USING fts5 (
    title, content = 'conversations', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER titles_insert AFTER INSERT ON conversations BEGIN
    INSERT INTO titles_index (rowid, title) VALUES (new.id, new.title);
END;
CREATE TRIGGER titles_update AFTER UPDATE OF title ON conversations BEGIN
    INSERT INTO titles_index (titles_index, rowid, title) VALUES ('delete', old.id, old.title);
    INSERT INTO titles_index (rowid, title) VALUES (new.id, new.title);
END;
CREATE TRIGGER titles_delete AFTER DELETE ON conversations BEGIN
    INSERT INTO titles_index (titles_index, rowid, title) VALUES ('delete', old.id, old.title);
END;

CREATE VIRTUAL TABLE turns_index USING fts5 (
    text, content = 'turns', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER turns_insert AFTER INSERT ON turns WHEN new.finished BEGIN
    INSERT INTO turns_index (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER turns_update AFTER UPDATE OF text, finished ON turns WHEN old.finished OR new.finished BEGIN
    INSERT INTO turns_index (turns_index, rowid, text) SELECT 'delete', old.id, old.text WHERE old.finished;
    INSERT INTO turns_index (rowid, text) SELECT new.id, new.text WHERE new.finished;
END;
CREATE TRIGGER turns_delete AFTER DELETE ON turns WHEN old.finished BEGIN
    INSERT INTO turns_index (turns_index, rowid, text) VALUES ('delete', old.id, old.text);
END;
"""

# A message waits from the moment it is sent until its answer begins; a rewrite is an edit that was not sent.
_WAITING = """
ALTER TABLE conversations ADD COLUMN waiting TEXT NOT NULL DEFAULT '';
ALTER TABLE drafts ADD COLUMN waiting TEXT NOT NULL DEFAULT '';

CREATE TABLE rewrites (
    turn_id INTEGER PRIMARY KEY REFERENCES turns (id) ON DELETE CASCADE,
    conversation_id INTEGER NOT NULL,
    text TEXT NOT NULL,
    open INTEGER NOT NULL
);
CREATE INDEX rewrites_open ON rewrites (conversation_id) WHERE open;
"""

# What a chat that has no conversation yet was told to begin with: its template, blanks and sampling.
_CHOICES = """
ALTER TABLE drafts ADD COLUMN choices TEXT NOT NULL DEFAULT '';
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _WAITING, _CHOICES)
"""The script at place n leads from version n to version n + 1. Never change one that was released."""

VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database up to `VERSION`, all or nothing.

    Raises:
        StoreFailed: A newer Tunesmith wrote it.
    """
    if _version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _run_missing(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _run_missing(connection: sqlite3.Connection) -> None:
    # Read again inside the transaction: another program may have migrated while this one waited for it.
    found = _version(connection)
    if found > VERSION:
        raise StoreFailed(
            f"The conversations were saved by a newer Tunesmith (format {found}, this one knows {VERSION})",
            "Update Tunesmith to open them; they are left as they are",
        )
    for script in MIGRATIONS[found:]:
        for statement in _statements(script):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> list[str]:
    # sqlite3's own executescript commits first, which would break all-or-nothing.
    statements, text = [], ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            statements.append(text)
            text = ""
    return statements
