"""Files that are whole or not there: never half-written, whenever the program or the machine stops."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file beside its place, force it to the disk, and rename it into place.

    Folders on the way are made. A reader sees the old content or the new. A file that is a link keeps being one.

    Raises:
        OSError: It could not be written; what was there before is still there.
    """
    target = path.resolve() if path.is_symlink() else path
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(target, content, Path.replace)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet: whole, or not at all. The folder has to be there.

    Raises:
        FileExistsError: There is something of that name, also where it came up meanwhile.
        OSError: It could not be written, and nothing is there.
    """
    if os.path.lexists(path):
        raise _exists(path)
    _write(path, content, _put_where_nothing_is)


def _write(target: Path, content: bytes, put: Callable[[Path, Path], object]) -> None:
    # A name for this thread alone: two programs may write the same file at once, and the last one wins.
    beside = target.with_name(f".{target.name[:100]}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        put(beside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    _sync_folder(target.parent)


def _put_where_nothing_is(beside: Path, target: Path) -> None:
    try:
        os.link(beside, target)  # a rename would take the place of what came up meanwhile
    except FileExistsError:
        raise
    except OSError:  # a file system without second names: such as that of a USB stick
        if os.path.lexists(target):
            raise _exists(target) from None
        beside.replace(target)
    else:
        beside.unlink()


def _exists(path: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _sync_folder(folder: Path) -> None:
    """Force the rename itself to the disk, where a folder can be opened for that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
