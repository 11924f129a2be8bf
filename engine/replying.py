"""Whether a model is replying to somebody right now, so that work without anybody waiting for it can step back.

A lock of the operating system on one file says so, which ends with the process that holds it, however that ends. Any
number of replies share it. Where a file system knows no locks, nobody seems to reply.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.conversations.locks import try_share
from engine.runs.lock import is_locked

_ATTEMPTS = 5
_BETWEEN_S = 0.001
"""Who looks whether somebody replies has the file for itself for some microseconds."""


@contextlib.contextmanager
def told_as_replying(file: Path, *, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Tell that a reply streams for as long as this is entered; where that can't be told, it streams all the same.

    Args:
        file: `Paths.replying_file`; it is made, and stays.
        sleep: Waits between two attempts.
    """
    descriptor = _share(file, sleep)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def is_replying(file: Path) -> bool:
    """Whether a reply streams, in any process of this home."""
    try:
        return is_locked(file)
    except OSError:
        return False


def _share(file: Path, sleep: Callable[[float], None]) -> int | None:
    """Lock the file together with others; the open file, None where that can't be."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        for _ in range(_ATTEMPTS):
            if try_share(descriptor):
                return descriptor
            sleep(_BETWEEN_S)
    os.close(descriptor)
    return None
