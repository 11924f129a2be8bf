"""The safetensors copies of GGUF files: how they are named, and giving their space back.

A copy's folder is called NAME-PATHKEY-CONTENTKEY, so that all copies of one file are found by its path.
What begins with a dot is no copy: it is being made or being deleted.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

_KEY_CHARACTERS = 12


def path_key(file: Path) -> str:
    """The part of a copy's name that stands for the file's path, links followed."""
    path = str(file.resolve()).encode("utf-8", "surrogateescape")
    return hashlib.sha256(path).hexdigest()[:_KEY_CHARACTERS]


def lock_file(of_path: str, converted: Path) -> Path:
    """The file that is locked while a copy is made of the file with this key."""
    return converted / f".lock-{of_path}"


def copies(of_path: str, converted: Path) -> tuple[Path, ...]:
    """The copies of a file that count."""
    return tuple(folder for folder in _of(of_path, converted) if not folder.name.startswith("."))


def remove(folder: Path) -> None:
    """Delete a copy; under another name, so that half of it, should the program be killed, does not count."""
    gone = folder.with_name(f".removed-{os.getpid()}-{folder.name}") if not folder.name.startswith(".") else folder
    with suppress(OSError):  # another process deletes it too
        if gone != folder:
            folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def remove_left_over(of_path: str, converted: Path) -> None:
    """Delete what killed processes left; only for who holds the lock, as what others work at looks alike."""
    for folder in _of(of_path, converted):
        if folder.name.startswith("."):
            remove(folder)


def remove_copies(file: Path, converted: Path) -> int:
    """Delete the copies of a GGUF file; call it before the file itself goes, as a link may lead to it.

    Args:
        file: The GGUF file.
        converted: The folder of all copies.

    Returns:
        The bytes that were freed.
    """
    from filelock import FileLock, Timeout

    key = path_key(file)
    freed = 0
    for folder in copies(key, converted):
        freed += sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
        remove(folder)
    if _of(key, converted):
        # Where another process makes a copy just now, it will find that the file is gone.
        with suppress(Timeout, OSError), FileLock(lock_file(key, converted), timeout=0):
            remove_left_over(key, converted)
    return freed


def _of(of_path: str, converted: Path) -> tuple[Path, ...]:
    return tuple(converted.glob(f"*-{of_path}-*"))
