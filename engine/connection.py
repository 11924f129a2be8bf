"""One life of the model host process: what is written to it, the lines that come from it, and its end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import suppress

from engine import wire
from engine.protocol import PROTOCOL_VERSION, AnyCommand, AnyEvent, Hello, ModelInfo

END_S = 1.0
"""How long what should end at once may take."""
_POLITE_S = 2.0
_CHUNK_BYTES = 1 << 16


class Connection:
    """One life of the host process, and the requests that it owes an answer."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.over = False
        self.hello: Hello | None = None
        self.is_foreign = False
        """It speaks another version of the protocol: what it says may be no answer that is understood."""
        self.model: ModelInfo | None = None
        self.requests: dict[int, asyncio.Queue[AnyEvent]] = {}
        self.last_words = ""
        self.tasks: list[asyncio.Task[None]] = []

    def greet(self, hello: Hello | None) -> None:
        """Take the host's first words, None where they are not understood; a host of another version is ended."""
        self.hello = hello
        if hello is None or hello.protocol != PROTOCOL_VERSION:
            self.is_foreign = True
            with suppress(ProcessLookupError):
                self.process.kill()

    def write(self, command: AnyCommand) -> None:
        """Send a command; into the void where the host is already gone, as its end is told elsewhere."""
        stdin = self.process.stdin
        if self.over or stdin is None or stdin.is_closing():
            return
        with suppress(OSError, RuntimeError):
            stdin.write(wire.encode(command))

    def close_stdin(self) -> None:
        """Tell the host that nothing more will come, which ends it."""
        if self.process.stdin is not None:
            with suppress(OSError, RuntimeError):
                self.process.stdin.close()

    async def end(self) -> int:
        """Wait for the process, less and less patiently; returns its exit status."""
        process = self.process
        for timeout_s, impatience in ((_POLITE_S, process.terminate), (END_S, process.kill)):
            try:
                return await asyncio.wait_for(process.wait(), timeout_s)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    impatience()
        return await process.wait()


async def lines(
    stream: asyncio.StreamReader, *, ends: bytes = b"\n", longest_bytes: int | None = None
) -> AsyncGenerator[bytes, None]:
    """Lines of any length; `longest_bytes` cuts those that have no end in sight."""
    pattern = re.compile(b"[" + re.escape(ends) + b"]")
    parts: list[bytes] = []
    while chunk := await stream.read(_CHUNK_BYTES):
        *complete, rest = pattern.split(chunk)
        for piece in complete:
            yield b"".join((*parts, piece))
            parts.clear()
        parts.append(rest)
        if longest_bytes is not None and sum(map(len, parts)) > longest_bytes:
            yield b"".join(parts)
            parts.clear()
    if any(parts):
        yield b"".join(parts)
