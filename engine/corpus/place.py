"""What the name of a data set means: a path of this machine, or a name on the hub."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from engine.errors import DataNotFound
from engine.starter import LESSON, LESSON_FILE

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".txt", ".text")
"""Of files with rows; each may be packed: .jsonl.gz."""


def suffix_of(file: Path) -> str:
    """How a file's name ends, in small letters, whether it is packed or not."""
    return Path(file.name.lower().removesuffix(".gz")).suffix


def find_local(source: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Find the path that a source names.

    Returns:
        None where it can only be a name on the hub.

    Raises:
        DataNotFound: It can only be a path, and nothing is there; or it can be neither.
    """
    if not source.strip():
        raise DataNotFound("No data was named", "Name a file, a folder, or a hub data set such as imdb")
    home = environ.get("HOME") or environ.get("USERPROFILE")
    path = Path(home, source[2:]) if home and source.startswith("~/") else Path(source)
    try:
        if path.exists():
            return path.absolute()
        if source == LESSON:
            return LESSON_FILE
    except (OSError, ValueError):
        raise DataNotFound("The source is no path and no name that a data set can have", "Check it") from None
    looks_local = source.startswith((".", "/", "~", "\\")) or source.count("/") > 1 or suffix_of(path) in SUFFIXES
    if looks_local:
        raise DataNotFound(f"There is no file or folder {source}", "Check the path")
    return None
