"""What was computed, kept: one SQLite file for the cells of all labs, and for the labs by name."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from engine import wire
from engine.errors import NotFound, StoreFailed
from engine.lab.records import Lab, Result
from engine.protocol import Frozen

_VERSION = 2
KEPT_S = 30 * 24 * 3600.0
"""How long cells are kept that a lab has left: a column may come back, or a setting."""
_BUSY_TIMEOUT_S = 5.0
_AT_ONCE = 500
"""Keys in one statement; SQLite allows 999 variables in an old one."""
_SCHEMA = (  # of version 1
    "CREATE TABLE cells (key TEXT PRIMARY KEY, result BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE labs (name TEXT PRIMARY KEY, lab BLOB NOT NULL, updated_s REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE uses (lab TEXT NOT NULL REFERENCES labs (name) ON DELETE CASCADE, key TEXT NOT NULL,"
    " PRIMARY KEY (key, lab)) WITHOUT ROWID",
    "CREATE INDEX uses_by_lab ON uses (lab)",
)
_results = msgspec.json.Decoder(Result)
_labs = msgspec.json.Decoder(Lab)


class LabEntry(Frozen, frozen=True):
    """A lab in a list."""

    name: str
    rows: int
    variations: int
    updated_s: float
    """Seconds since 1970."""


class LabStore:
    """Finished cells by key, and labs by name. Each write is whole when its call returns, whatever happens after."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.time) -> None:
        """Open the file, making it as needed.

        Raises:
            StoreFailed: It can't be opened, or a newer program wrote it.
        """
        self._file, self._clock = file, clock
        self._lock = threading.RLock()
        with self._in_words():
            file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
            self._connection = sqlite3.connect(
                file, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def get(self, keys: Iterable[str]) -> dict[str, Result]:
        """The results of those keys that are known."""
        wanted, found = list(dict.fromkeys(keys)), {}
        with self._lock, self._in_words():
            for first in range(0, len(wanted), _AT_ONCE):
                some = wanted[first : first + _AT_ONCE]
                marks = ",".join("?" * len(some))
                for key, result in self._connection.execute(
                    f"SELECT key, result FROM cells WHERE key IN ({marks})", some
                ):
                    with contextlib.suppress(msgspec.DecodeError):
                        found[key] = _results.decode(result)
        return found

    def put(self, lab: str, key: str, result: Result) -> None:
        """Keep a result for a lab that was saved."""
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO cells (key, result) VALUES (?, ?)", (key, _encoded(result))
            )
            self._note_use(lab, [key])

    def use(self, lab: str, keys: Iterable[str]) -> None:
        """Note that a lab that was saved stands on these cells."""
        with self._transaction():
            self._note_use(lab, keys)

    def prune(self, lab: str) -> int:
        """Drop the cells that a lab has not stood on for long, and no other lab does; returns how many.

        To be called where all that it stands on now has just been noted.
        """
        with self._transaction():
            left = self._connection.execute(
                "DELETE FROM uses WHERE lab = ? AND used_s < ?", (lab, self._clock() - KEPT_S)
            ).rowcount
            return self._drop_unused() if left else 0

    def save(self, lab: Lab) -> None:
        """Keep a lab by its name, in place of the one before."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO labs (name, lab, updated_s) VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET lab = excluded.lab, updated_s = excluded.updated_s",
                (lab.name, _encoded(lab), self._clock()),
            )

    def load(self, name: str) -> Lab:
        """The lab of a name.

        Raises:
            NotFound: There is none.
            StoreFailed: A newer program wrote it.
        """
        with self._lock, self._in_words():
            row = self._connection.execute("SELECT lab FROM labs WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise NotFound(f'No lab is called "{name}"', "`tunesmith lab list` names those that there are")
        try:
            return _labs.decode(row[0])
        except msgspec.DecodeError as error:
            raise StoreFailed(f'The lab "{name}" can\'t be read: {error}', "Run its spec file again") from error

    def list(self) -> list[LabEntry]:
        """All labs, the newest first; those that can't be read have no rows."""
        with self._lock, self._in_words():
            rows = self._connection.execute("SELECT name, lab, updated_s FROM labs ORDER BY updated_s DESC").fetchall()
        entries = []
        for name, raw, updated_s in rows:
            try:
                lab = _labs.decode(raw)
                size = (len(lab.rows), len(lab.variations))
            except msgspec.DecodeError:
                size = (0, 0)
            entries.append(LabEntry(name=name, rows=size[0], variations=size[1], updated_s=updated_s))
        return entries

    def delete(self, name: str) -> None:
        """Delete a lab, and the cells that no other one stands on.

        Raises:
            NotFound: There is none of the name.
        """
        with self._transaction():
            deleted = self._connection.execute("DELETE FROM labs WHERE name = ?", (name,)).rowcount
            self._drop_unused()
        if not deleted:
            raise NotFound(f'No lab is called "{name}"', "`tunesmith lab list` names those that there are")

    def _note_use(self, lab: str, keys: Iterable[str]) -> None:
        now_s = self._clock()
        self._connection.executemany(
            "INSERT INTO uses (lab, key, used_s) VALUES (?, ?, ?)"
            " ON CONFLICT (key, lab) DO UPDATE SET used_s = excluded.used_s",
            [(lab, key, now_s) for key in keys],
        )

    def _drop_unused(self) -> int:
        return self._connection.execute("DELETE FROM cells WHERE key NOT IN (SELECT key FROM uses)").rowcount

    def _prepare(self) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        with self._transaction():
            found = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
            if found > _VERSION:
                raise StoreFailed(
                    f"The labs in {self._file} were saved by a newer Tunesmith", "Update Tunesmith to open them"
                )
            if found < 1:
                for statement in _SCHEMA:
                    self._connection.execute(statement)
            if found < _VERSION:
                self._connection.execute("ALTER TABLE uses ADD COLUMN used_s REAL NOT NULL DEFAULT 0")
                self._connection.execute("UPDATE uses SET used_s = ?", (self._clock(),))
                self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._in_words():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            title, hint = _WORDS.get(code, ("could not be used", "The log has the details"))
            raise StoreFailed(f"The labs' database {self._file} {title} ({error})", hint) from error
        except OSError as error:
            raise StoreFailed(
                f"The labs in {self._file} can't be opened: {error.strerror or error}",
                "Check that the folder exists and is yours to write, or set TUNESMITH_HOME to another one",
            ) from error


def _encoded(value: Lab | Result) -> bytes:
    # Text with half a character in it has no place in JSON.
    return wire.encode(value).rstrip(b"\n")


_WORDS: Mapping[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: ("could not be written: the disk is full", "Free some space and run it again"),
    sqlite3.SQLITE_READONLY: ("is read-only", "Make the file and its folder writable"),
    sqlite3.SQLITE_BUSY: ("is busy: another program writes to it", "Try again, or close the other program"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "Move it away: finished cells will be computed again"),
    sqlite3.SQLITE_NOTADB: ("is damaged", "Move it away: finished cells will be computed again"),
}
