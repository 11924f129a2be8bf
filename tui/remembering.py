"""Keeps what is remembered between starts on the disk, without holding up the keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from engine.display import visible_line
from engine.memory import Memory, save_memory


class Remembering:
    """The memory, and the one write of it that is under way."""

    def __init__(self, file: Path, memory: Memory, on_failure: Callable[[str], None]) -> None:
        """Begin with what was remembered.

        Args:
            file: Where it is kept.
            memory: What it holds now.
            on_failure: Told why it could not be written.
        """
        self.memory = memory
        self._file = file
        self._on_failure = on_failure
        self._writing: asyncio.Task[None] | None = None
        self._written = memory

    def change(self, **changes: object) -> None:
        """Remember something else from now on; it is on the disk moments later."""
        self.memory = self.memory.with_(**changes)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def settle(self) -> None:
        """Wait until all is on the disk, or could not be written."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        """Write what there is, and again what changed meanwhile: never two at once, which could end with the older."""
        while self.memory != self._written:
            memory = self.memory
            try:
                await asyncio.to_thread(save_memory, self._file, memory)
            except OSError as error:
                self._on_failure(f"{visible_line(str(self._file))} can't be written: {error.strerror}")
            self._written = memory
