"""Completes paths of data while they are typed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from textual.suggester import Suggester

_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".txt", ".text", ".gz")
_MOST_ENTRIES = 5000
"""Of a folder that are looked through."""


class PathSuggester(Suggester):
    """Suggests the first folder or file that begins so; folders end in a slash."""

    def __init__(self, endings: tuple[str, ...] = _SUFFIXES) -> None:
        """Suggest files whose names end so. Files come and go: nothing is kept."""
        super().__init__(use_cache=False, case_sensitive=True)
        self._endings = endings

    async def get_suggestion(self, value: str) -> str | None:
        """What a half-typed path could become."""
        return await asyncio.to_thread(complete, value, self._endings)


def complete(value: str, endings: tuple[str, ...] = _SUFFIXES) -> str | None:
    """The first path that begins with what is typed; None where there is none, or where it is whole."""
    folder, slash, begun = value.rpartition("/")
    if not begun and not slash:
        return None
    try:
        with os.scandir(Path(f"{folder}/" if slash else ".").expanduser()) as entries:
            names = sorted(
                entry.name + ("/" if is_folder else "")
                for entry, _ in zip(entries, range(_MOST_ENTRIES), strict=False)
                if entry.name.startswith(begun)
                and entry.name.isprintable()
                and not (entry.name.startswith(".") and not begun)
                and ((is_folder := entry.is_dir()) or entry.name.endswith(endings))
            )
    except (OSError, ValueError):
        return None
    return f"{folder}{slash}{names[0]}" if names and names[0].rstrip("/") != begun else None
