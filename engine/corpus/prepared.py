"""Prepared rows that runs share: what is kept of them, and what is let go.

Rows are kept by what they were made of, so that a run that is repeated with a change begins at once. A run has its own
names of the files (hard links, or copies where the disk can't link): what is let go here is not lost to a run.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

MAX_BYTES = 4_000_000_000
MAX_AGE_S = 30 * 86_400.0
_FREE_SHARE = 0.25
"""Of what is free on the disk: so much may be kept at most."""
RECORD = "prepared.json"
"""The file without which rows are not whole; its time of change is when they were used last."""
_NAME = re.compile(r"[0-9a-f]{32}")
_PARTIAL = re.compile(r"\.partial-([0-9a-f]{32})-\d+")


class PreparedSet(msgspec.Struct, frozen=True, kw_only=True):
    """The prepared rows of one data set, for one tokenizer and length."""

    folder: Path
    size_bytes: int
    used_at: float
    """Seconds since 1970."""
    is_in_use: bool
    """A run that is not finished has the very same files: letting them go here would free nothing."""


class Freed(msgspec.Struct, frozen=True, kw_only=True):
    """What was let go, and what is still there."""

    sets: int
    size_bytes: int
    kept: tuple[PreparedSet, ...] = ()


def lock_file_of(folder: Path) -> Path:
    """What a process locks that writes the rows of this folder."""
    return folder.with_name(f".{folder.name}.lock")


def list_prepared(cache: Path) -> tuple[PreparedSet, ...]:
    """What is kept, what was used last comes first."""
    found = [_look(folder) for folder in _folders(cache) if _NAME.fullmatch(folder.name)]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: -one.used_at))


def prune_prepared(
    cache: Path, *, now: float, max_bytes: int | None = None, max_age_s: float = MAX_AGE_S, dry: bool = False
) -> Freed:
    """Let go what was not used for long, then what was used longest ago, until the rest is small enough.

    What a process is writing or a run is using stays. Files that can't be deleted stay, without a word.

    Args:
        cache: The folder that they are in; nothing else in it is touched.
        now: Seconds since 1970.
        max_bytes: Of all that is kept; None takes `MAX_BYTES`, and no more than a share of what the disk has free.
        max_age_s: Since it was used last.
        dry: Only look what would be let go.
    """
    _sweep(cache, dry=dry)
    limit = _limit(cache) if max_bytes is None else max_bytes
    kept: list[PreparedSet] = []
    freed: list[PreparedSet] = []
    total = 0
    for one in list_prepared(cache):
        is_due = total + one.size_bytes > limit or now - one.used_at > max_age_s
        if is_due and not one.is_in_use and (dry or _let_go(one.folder)):
            freed.append(one)
        else:
            kept.append(one)
            total += one.size_bytes
    return Freed(sets=len(freed), size_bytes=sum(one.size_bytes for one in freed), kept=tuple(kept))


def _limit(cache: Path) -> int:
    own = sum(one.size_bytes for one in list_prepared(cache))
    try:
        free = shutil.disk_usage(cache).free
    except OSError:
        return MAX_BYTES
    return min(MAX_BYTES, int(_FREE_SHARE * (free + own)))


def _sweep(cache: Path, *, dry: bool) -> None:
    """Take away what processes left half-written that were killed."""
    for folder in _folders(cache):
        if (match := _PARTIAL.fullmatch(folder.name)) and not dry:
            with _alone(cache / match[1]) as is_alone:
                if is_alone:
                    shutil.rmtree(folder, ignore_errors=True)


def _let_go(folder: Path) -> bool:
    with _alone(folder) as is_alone:
        if not is_alone:
            return False
        try:
            # First what makes it whole: whoever dies here leaves nothing that looks complete.
            (folder / RECORD).unlink(missing_ok=True)
            shutil.rmtree(folder)
        except OSError:
            return False
    return True


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Hold the lock of who writes there, or learn that somebody does. The lock file stays: another may wait for it."""
    from filelock import FileLock, Timeout

    lock = FileLock(lock_file_of(folder))
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _folders(cache: Path) -> list[Path]:
    try:
        return [path for path in cache.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []


def _look(folder: Path) -> PreparedSet | None:
    """None for what was let go meanwhile."""
    try:
        stats = [file.stat() for file in folder.iterdir()]
        record = folder / RECORD
        used_at = record.stat().st_mtime if record.exists() else 0.0
    except OSError:
        return None
    return PreparedSet(
        folder=folder,
        size_bytes=sum(stat.st_size for stat in stats),
        used_at=used_at,
        is_in_use=any(stat.st_nlink > 1 for stat in stats),
    )
