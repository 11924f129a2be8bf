"""Who trains: a lock that the operating system gives back when the trainer ends, however that ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from engine.conversations.locks import try_lock
from engine.errors import Refused

_PATIENCE_S = 2.0
"""A reader that looks whether the run lives holds the lock for an instant: the trainer tries for longer than that."""


class TrainerLock:
    """The lock of a run, held until `release` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(
        cls,
        file: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> TrainerLock:
        """Take the lock.

        Raises:
            Refused: Another trainer has it.
        """
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        deadline = clock() + _PATIENCE_S
        while not try_lock(descriptor):
            if clock() > deadline:
                os.close(descriptor)
                raise Refused(
                    f"The run {file.parent.name} is being trained by another process already",
                    f"Watch it: tunesmith runs follow {file.parent.name}",
                )
            sleep(0.05)
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)


def is_locked(file: Path) -> bool:
    """Whether a trainer lives."""
    try:
        descriptor = os.open(file, os.O_RDWR)
    except OSError:
        return False
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)
