"""How many threads a model's operations were found to gain by on this machine, as the model host remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.atomic import write_atomically


class ThreadCount(msgspec.Struct, frozen=True):
    """What a measurement found."""

    threads: int
    tokens_per_s: dict[str, float]
    """By the number of threads."""


def read_thread_counts(file: Path) -> Mapping[str, ThreadCount]:
    """What was measured so far, by machine, precision and size; nothing where there is no such file, or a torn one."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, ThreadCount])
    except (OSError, msgspec.MsgspecError, ValueError):
        return {}


def remember_thread_count(file: Path, key: str, count: ThreadCount) -> None:
    """Add one.

    Raises:
        OSError: It could not be written.
    """
    write_atomically(file, msgspec.json.encode({**read_thread_counts(file), key: count}))
