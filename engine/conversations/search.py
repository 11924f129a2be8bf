"""What a typed query means, and the SQL that answers it.

Every word must be found; the last letters of a word may be missing. Scripts that are written without spaces,
and words without a letter or digit (an emoji), are searched as plain pieces of text: the index knows words only.
"""

from __future__ import annotations

import re

from engine.conversations.database import Database
from engine.conversations.records import Hit
from engine.protocol import Frozen

_MOST_WORDS = 12
_SNIPPET_BEFORE = 30
_SNIPPET_CHARACTERS = 120
_SPACE = re.compile(r"[\s\x00-\x1f]+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class Query(Frozen, frozen=True, kw_only=True):
    """A parsed query."""

    words: tuple[str, ...]
    """Words to look up in the index, as they were typed."""
    pieces: tuple[str, ...]
    """Pieces to look for in the text itself."""


def parse(text: str) -> Query:
    """Understand what was typed; nothing in it is an operator."""
    typed = [word for word in _SPACE.split(text) if word][:_MOST_WORDS]
    words = [word for word in typed if _is_indexed(word)]
    return Query(words=tuple(words), pieces=tuple(word for word in typed if word not in words))


def listing(query: Query) -> tuple[str, list[str]]:
    """Make the SQL condition on `conversations c` under which it has each word in its title or some turn."""
    conditions, values = [], []
    for word in query.words:
        conditions.append(
            "c.id IN (SELECT rowid FROM titles_index WHERE titles_index MATCH ? UNION ALL"
            " SELECT t.conversation_id FROM turns_index f CROSS JOIN turns t ON t.id = f.rowid"
            " WHERE turns_index MATCH ?)"
        )
        values += [_match((word,))] * 2
    for piece in query.pieces:
        conditions.append(
            "(instr(c.title, ?) OR c.id IN (SELECT conversation_id FROM turns WHERE finished AND instr(text, ?)))"
        )
        values += [piece] * 2
    return " AND ".join(conditions), values


def find(database: Database, query: Query, limit: int) -> tuple[Hit, ...]:
    """Find turns that have all the words, newest first, after conversations of which only the title has them."""
    if not (query.words or query.pieces) or limit <= 0:
        return ()
    turns = _turns(database, query, limit)
    found = {hit.conversation_id for hit in turns}
    titles = [hit for hit in _titles(database, query, limit) if hit.conversation_id not in found]
    return tuple((titles + turns)[:limit])


def _turns(database: Database, query: Query, limit: int) -> list[Hit]:
    source, conditions, values = "turns t", ["t.finished"], []
    if query.words:
        source, conditions, values = (
            "turns_index f CROSS JOIN turns t ON t.id = f.rowid",
            ["turns_index MATCH ?"],
            [_match(query.words)],
        )
    conditions += ["instr(t.text, ?)"] * len(query.pieces)
    order = "f.rowid" if query.words else "t.id"
    rows = database.rows(
        f"SELECT t.conversation_id, t.id, c.title, t.text, t.role, t.created_s FROM {source}"
        " CROSS JOIN conversations c ON c.id = t.conversation_id"
        f" WHERE {' AND '.join(conditions)} AND c.deleted_s IS NULL ORDER BY {order} DESC LIMIT ?",
        *values,
        *query.pieces,
        limit,
    )
    return [
        Hit(
            conversation_id=row["conversation_id"],
            turn_id=row["id"],
            title=row["title"],
            snippet=snippet(row["text"], query),
            role=row["role"],
            created_s=row["created_s"],
        )
        for row in rows
    ]


def _titles(database: Database, query: Query, limit: int) -> list[Hit]:
    source, conditions, values = "conversations c", [], []
    if query.words:
        source, conditions, values = (
            "titles_index f CROSS JOIN conversations c ON c.id = f.rowid",
            ["titles_index MATCH ?"],
            [_match(query.words)],
        )
    conditions += ["instr(c.title, ?)"] * len(query.pieces)
    rows = database.rows(
        f"SELECT c.id, c.title, c.created_s FROM {source}"
        f" WHERE {' AND '.join(conditions)} AND c.deleted_s IS NULL ORDER BY c.updated_s DESC LIMIT ?",
        *values,
        *query.pieces,
        limit,
    )
    return [
        Hit(
            conversation_id=row["id"],
            turn_id=None,
            title=row["title"],
            snippet=snippet(row["title"], query),
            role=None,
            created_s=row["created_s"],
        )
        for row in rows
    ]


def snippet(text: str, query: Query) -> str:
    """Cut one line around the first word that can be seen in the text, with … where something was left out."""
    typed = "|".join(re.escape(word) for word in query.words + query.pieces)
    match = re.search(rf"(?<!\w)(?:{typed})|(?:{typed})", text, re.IGNORECASE) if typed else None
    start = max(0, match.start() - _SNIPPET_BEFORE) if match else 0
    end = start + _SNIPPET_CHARACTERS
    cut = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{cut}{'…' if end < len(text) else ''}"


def _is_indexed(word: str) -> bool:
    return any(character.isalnum() for character in word) and not _UNSPACED.search(word)


def _match(words: tuple[str, ...]) -> str:
    # In quotes nothing is an operator; a quote inside is doubled; the star lets the word's end be missing.
    return " AND ".join('"' + word.replace('"', '""') + '"*' for word in words)
