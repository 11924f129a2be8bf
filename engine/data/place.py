"""The folder that prepared rows are put into: one process at a time, and never half of them."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.corpus.prepared import lock_file_of
from engine.data.pipeline import IsCancelled
from engine.errors import Cancelled, DiskFull

_LOCK_WAIT_S = 0.5
_NO_SPACE = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


@contextlib.contextmanager
def locked(folder: Path, cancelled: IsCancelled) -> Iterator[None]:
    """Be the only process that puts rows there.

    Raises:
        Cancelled: `cancelled` said so while another process was at it.
    """
    from filelock import FileLock, Timeout

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_file_of(folder))
    while True:
        try:
            lock.acquire(timeout=_LOCK_WAIT_S)
            break
        except Timeout:
            if cancelled():
                raise Cancelled("Reading the data was cancelled") from None
    try:
        yield
    finally:
        lock.release()


def fresh_partial(folder: Path) -> Path:
    """Make an empty folder beside this one, for who has locked it; what others left there died with them."""
    prefix = f".partial-{folder.name}-"
    for left in folder.parent.glob(f"{glob.escape(prefix)}*"):
        shutil.rmtree(left, ignore_errors=True)
    partial = folder.with_name(f"{prefix}{os.getpid()}")
    partial.mkdir(parents=True)
    return partial


def move_into_place(partial: Path, folder: Path, names: Sequence[str]) -> None:
    """Give prepared rows their name; of what is there nothing but these files is taken away."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    partial.rename(folder)


def copy_into_place(shared: Path, folder: Path, names: Sequence[str]) -> None:
    """Give the files a second place, which costs no space where the disk can link."""
    partial = fresh_partial(folder)
    for file in shared.iterdir():
        try:
            os.link(file, partial / file.name)
        except OSError:
            shutil.copyfile(file, partial / file.name)
    move_into_place(partial, folder, names)


def is_full(error: OSError) -> bool:
    """Whether it was for want of room, on the disk or within a quota."""
    return error.errno in _NO_SPACE


@contextlib.contextmanager
def words_for_a_full_disk(folder: Path) -> Iterator[None]:
    """Say it in words where the rows don't fit.

    Raises:
        DiskFull: They don't.
    """
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise DiskFull(f"The prepared rows did not fit on the disk of {folder}", "Free some space") from error
        raise
