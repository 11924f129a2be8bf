"""Whether an error means that the disk is full, however it was wrapped on its way."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)
_ALMOST_NOTHING_BYTES = 1024 * 1024


def free_bytes(folder: Path) -> int:
    """What the disk of a folder has left."""
    return shutil.disk_usage(folder).free


def is_disk_full(error: BaseException, folder: Path) -> bool:
    """Whether an error of writing into a folder is for want of space.

    Safetensors and torch put the system's error into words of their own, or lose it.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _FULL:
            return True
        if "No space left" in str(seen) or "os error 28" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return isinstance(error, RuntimeError | OSError) and free_bytes(folder) < _ALMOST_NOTHING_BYTES
