"""The SQLite connection: opening, transactions, and what goes wrong told in words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from engine.conversations.locks import try_lock
from engine.conversations.schema import migrate
from engine.conversations.titles import storable
from engine.errors import StoreFailed

BUSY_TIMEOUT_S = 5.0
"""How long a write waits for another program's, which takes milliseconds; opening always waits that long."""

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_Value = str | int | float | None
_LARGEST_INTEGER = 2**63 - 1


class Damaged(StoreFailed):
    """The file is no database, or a broken one."""


class Busy(StoreFailed):
    """Another program was writing; the same again a moment later may work."""


class Database:
    """One connection, safe to use from several threads, in which every write is a short transaction."""

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        self.file = file
        self._connection = connection
        self._lock = threading.RLock()

    @classmethod
    def open(cls, file: Path) -> Database:
        """Open the database, making or migrating it as needed.

        Raises:
            Damaged: It can't be read as a database.
            StoreFailed: It can't be opened, or a newer program wrote it.
        """
        with _in_words(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            # What people say to a model is theirs alone; SQLite gives its side files the same mode.
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
            connection = sqlite3.connect(file, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
            try:
                _prepare(connection)
            except BaseException:
                connection.close()
                raise
        return cls(file, connection)

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def wait_at_most(self, busy_timeout_s: float) -> None:
        """Say how long a write waits for another program's from now on."""
        self.row(f"PRAGMA busy_timeout = {round(busy_timeout_s * 1000)}")

    def rows(self, sql: str, *values: _Value) -> list[sqlite3.Row]:
        """Read all rows of one statement."""
        with self._lock, _in_words(self.file):
            rows: list[sqlite3.Row] = self._connection.execute(sql, _bound(values)).fetchall()
            return rows

    def row(self, sql: str, *values: _Value) -> sqlite3.Row | None:
        """Read the first row, or None."""
        with self._lock, _in_words(self.file):
            row: sqlite3.Row | None = self._connection.execute(sql, _bound(values)).fetchone()
            return row

    def write(self, sql: str, *values: _Value) -> sqlite3.Cursor:
        """Run one changing statement, which is a transaction of its own outside of `transaction`."""
        with self._lock, _in_words(self.file):
            return self._connection.execute(sql, _bound(values))

    def in_words(self) -> AbstractContextManager[None]:
        """Tell what goes wrong with files beside the database as the store's own failure."""
        return _in_words(self.file)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all writes within one, which waits for its turn at the start instead of failing in the middle."""
        with self._lock, _in_words(self.file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already.
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise


def _bound(values: tuple[_Value, ...]) -> list[_Value]:
    return [_storable_value(value) for value in values]


def _storable_value(value: _Value) -> _Value:
    if isinstance(value, str):
        return storable(value)
    # SQLite's integers end at 63 bits. An id beyond them names nothing, and -1 does so too.
    return -1 if isinstance(value, int) and value > _LARGEST_INTEGER else value


def open_or_set_aside(file: Path, clock: Callable[[], float]) -> tuple[Database, str]:
    """Open the database; a damaged one is moved aside, never deleted, and a new one is begun.

    Returns:
        The database, and what to tell the user about it; empty where all is well.

    Raises:
        StoreFailed: It can be neither opened nor replaced.
    """
    try:
        return _open_checked(file), ""
    except Damaged:
        with _replacing(file):
            return _open_or_replace(file, clock)


def _open_or_replace(file: Path, clock: Callable[[], float]) -> tuple[Database, str]:
    # Another program may have replaced it while this one waited: a good database must not be moved aside.
    try:
        return _open_checked(file), ""
    except Damaged:
        aside = _set_aside(file, clock)
        told = f"The saved conversations were damaged and could not be read. The file is kept as {aside.name}"
        return Database.open(file), f"{told} in {aside.parent}; a new one was begun."


@contextlib.contextmanager
def _replacing(file: Path) -> Iterator[None]:
    lock = file.with_name(f"{file.name}.replacing")
    with _in_words(file):
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline_s = time.monotonic() + BUSY_TIMEOUT_S
        while not try_lock(descriptor):
            if time.monotonic() > deadline_s:
                raise StoreFailed(
                    f"The conversation database {file} is damaged, and another program is replacing it",
                    "Close the other program and try again",
                )
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            lock.unlink(missing_ok=True)


def _open_checked(file: Path) -> Database:
    database = Database.open(file)
    suspicion = _suspicion(file)
    if suspicion.exists():
        try:
            _check(database)
        except Damaged:
            database.close()
            raise
        suspicion.unlink(missing_ok=True)
    return database


def _check(database: Database) -> None:
    found = database.row("PRAGMA integrity_check(1)")
    if found is not None and found[0] != "ok":
        raise Damaged(f"The conversation database is damaged: {found[0]}")


def _set_aside(file: Path, clock: Callable[[], float]) -> Path:
    stamp = datetime.fromtimestamp(clock(), UTC).strftime("%Y%m%d-%H%M%S")
    aside = file.with_name(f"{file.name}.damaged-{stamp}")
    place = 1
    while aside.exists():
        place += 1
        aside = file.with_name(f"{file.name}.damaged-{stamp}-{place}")
    with _in_words(file):
        # The side files may hold what the main one has not got yet.
        for suffix in ("-wal", "-shm", ""):
            side = file.with_name(file.name + suffix)
            if side.exists():
                side.rename(aside.with_name(aside.name + suffix))
        _suspicion(file).unlink(missing_ok=True)
    return aside


def _suspicion(file: Path) -> Path:
    # A whole check reads the whole file; it is made at the next start, and only after damage was met in use.
    return file.with_name(f"{file.name}.suspect")


def _prepare(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection)


@contextlib.contextmanager
def _in_words(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _told(error, file) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreFailed(
            f"The conversations in {file} can't be opened: {reason}",
            "Check that the folder exists and is yours to write, or set TUNESMITH_HOME to another one",
        ) from error


def _told(error: sqlite3.Error, file: Path) -> StoreFailed:
    # The extended codes keep the plain one in their low byte. Misuse of the module itself has no code.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGE:
        with contextlib.suppress(OSError):
            _suspicion(file).touch()
        return Damaged(
            f"The conversation database {file} is damaged",
            "Start Tunesmith again: it keeps the damaged file beside a new one",
        )
    title, hint = _WORDS.get(code, ("could not be used", "The log has the details"))
    kind = Busy if code == sqlite3.SQLITE_BUSY else StoreFailed
    return kind(f"The conversation database {file} {title} ({error})", hint)


_WORDS = {
    sqlite3.SQLITE_FULL: (
        "could not be written: the disk is full",
        "Free some space and try again; what was saved before is safe",
    ),
    sqlite3.SQLITE_READONLY: (
        "could not be written: it is read-only",
        "Make the file and its folder writable, or set TUNESMITH_HOME to another folder",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "could not be opened",
        "Check that the folder exists and is yours to write, or set TUNESMITH_HOME to another one",
    ),
    sqlite3.SQLITE_BUSY: (
        "is busy: another program has been writing to it for too long",
        "Try again, or close the other program",
    ),
    sqlite3.SQLITE_IOERR: (
        "could not be read or written: the disk reported an error",
        "Check the disk and its free space",
    ),
}
