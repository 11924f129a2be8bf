"""Who is writing a reply, and whether that program still lives.

Each program that streams replies holds an operating system's lock on a file of its own beside the database.
The system lets go of the lock when the program ends, however it ends; no process ids, which are reused.
"""

from __future__ import annotations

import contextlib
import glob
import os
import uuid
from pathlib import Path

from engine.conversations.locks import try_lock


class Writer:
    """This program, as a writer of replies. Nothing touches the disk before the first `name`."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._name = ""
        self._descriptor = -1

    @property
    def started(self) -> bool:
        """Whether this program has written a reply."""
        return bool(self._name)

    def name(self) -> str:
        """Take the lock, the first time, and say under which name.

        Raises:
            OSError: The lock file can't be made.
        """
        while not self._name:
            name = uuid.uuid4().hex
            file = _lock_file(self._database, name)
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            # Another program may have swept the file away between its making and its locking.
            if try_lock(descriptor) and file.exists():
                self._name, self._descriptor = name, descriptor
            else:
                os.close(descriptor)
        return self._name

    def close(self) -> None:
        """Let go of the lock and remove the file."""
        if not self._name:
            return
        # Windows does not remove an open file, so close it first; the name is never used again.
        os.close(self._descriptor)
        _remove(_lock_file(self._database, self._name))
        self._name, self._descriptor = "", -1

    def is_alive(self, name: str) -> bool:
        """Whether a program holds the lock of that name; the file of a dead one is removed."""
        if name == self._name and name:
            return True
        file = _lock_file(self._database, name)
        try:
            descriptor = os.open(file, os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        alive = not try_lock(descriptor)
        if not alive:
            # While it is locked nobody can take it; Windows, though, removes only closed files.
            _remove(file)
        os.close(descriptor)
        if not alive:
            _remove(file)
        return alive

    def sweep(self) -> None:
        """Remove the files of all the dead."""
        prefix = _lock_file(self._database, "").name
        for file in self._database.parent.glob(f"{glob.escape(prefix)}*"):
            self.is_alive(file.name.removeprefix(prefix))


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)


def _lock_file(database: Path, name: str) -> Path:
    return database.with_name(f"{database.name}.writer-{name}")
