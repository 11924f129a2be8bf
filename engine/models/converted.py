"""The safetensors copies of GGUF files: how they are named, and giving their space back.

A copy's folder is called NAME-PATHKEY-CONTENTKEY, so that all copies of one file are found by its path.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

_KEY_CHARACTERS = 12


def path_key(file: Path) -> str:
    """The part of a copy's name that stands for the file's path, links followed."""
    path = str(file.resolve()).encode("utf-8", "surrogateescape")
    return hashlib.sha256(path).hexdigest()[:_KEY_CHARACTERS]


def remove_copies(file: Path, converted: Path) -> int:
    """Delete the copies of a GGUF file; call it before the file itself goes, as a link may lead to it.

    Args:
        file: The GGUF file.
        converted: The folder of all copies.

    Returns:
        The bytes that were freed.
    """
    freed = 0
    for folder in converted.glob(f"*-{path_key(file)}-*"):
        freed += sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
        shutil.rmtree(folder, ignore_errors=True)
    return freed
