"""Files that are whole or not there: never half-written, whenever the program or the machine stops."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file beside its place, force it to the disk, and rename it into place.

    Folders on the way are made. A reader sees the old content or the new. A file that is a link keeps being one.

    Raises:
        OSError: It could not be written; what was there before is still there.
    """
    target = path.resolve() if path.is_symlink() else path
    target.parent.mkdir(parents=True, exist_ok=True)
    # A name for this thread alone: two programs may write the same file at once, and the last one wins.
    beside = target.with_name(f".{target.name[:100]}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Force the rename itself to the disk, where a folder can be opened for that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
