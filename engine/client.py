"""The model host, seen from outside: start it, ask it, follow its answers, outlive it.

One asyncio client owns at most one host process at a time. A request is an iterator of events that ends with
exactly one terminal event, whatever happens to the host. Nothing here imports what the host imports.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Literal, cast

from engine import wire
from engine.connection import END_S, Connection, lines
from engine.host_words import closing, died, error_of, not_started, other_version
from engine.huge_pages import with_huge_pages
from engine.protocol import (
    AnyCommand,
    AnyEvent,
    BatchFinished,
    Cancel,
    Failed,
    GenerationFinished,
    Hello,
    LogLine,
    ModelInfo,
    ModelReady,
    ModelUnloaded,
    Shutdown,
    TokensCounted,
    UnknownEvent,
)

HOST_ARGV: tuple[str, ...] = (sys.executable, "-P", "-m", "engine.host")
TERMINAL_EVENTS = (ModelReady, ModelUnloaded, GenerationFinished, BatchFinished, TokensCounted, Failed)
LOG_LINES_KEPT = 2000
_LONGEST_LOG_LINE_BYTES = 1 << 14

_logger = logging.getLogger(__name__)
_LogLevel = Literal["debug", "info", "warning", "error"]
_PROGRESS = re.compile(r"\d%\|")
"""A progress bar of a library: noise, where somebody asks for the last words of a process."""
_level = re.compile(r"^(debug|info|warning|error): ", re.IGNORECASE)


class HostClient:
    """Starts the model host when it is needed, and speaks with it."""

    def __init__(
        self,
        *,
        argv: Sequence[str] | None = None,
        env: Mapping[str, str] | None = None,
        on_log: Callable[[LogLine], None] | None = None,
        on_hello: Callable[[Hello], object] = lambda _: None,
    ) -> None:
        """Make a client; nothing is started yet.

        Args:
            argv: How to start the host; None is the real one.
            env: The host's environment, to which large pages are added; None is this process's own.
            on_log: Called on the event loop with each line that the host wrote to its log.
            on_hello: Called on the event loop with the first words of each host.
        """
        self._argv = tuple(argv or HOST_ARGV)
        self._env = with_huge_pages(os.environ if env is None else env)
        self._on_log = on_log
        self._on_hello = on_hello
        self._connection: Connection | None = None
        self._starting = asyncio.Lock()
        self._last_id = 0
        self._closed = False
        self.log_lines: deque[LogLine] = deque(maxlen=LOG_LINES_KEPT)

    @property
    def alive(self) -> bool:
        """Whether a host is running."""
        return self._connection is not None and not self._connection.over

    @property
    def pid(self) -> int | None:
        """The host's process id, None where there is none."""
        return self._connection.process.pid if self._connection is not None and self.alive else None

    @property
    def model(self) -> ModelInfo | None:
        """The model that answers; None before the first load and after an unload or the host's death."""
        return self._connection.model if self._connection is not None and self.alive else None

    def next_id(self) -> int:
        """An id for a command, never given before."""
        self._last_id += 1
        return self._last_id

    async def start(self) -> None:
        """Start the host unless it is alive.

        Raises:
            OSError: The process could not be started.
        """
        async with self._starting:
            await self._connect()

    async def request(self, command: AnyCommand) -> AsyncGenerator[AnyEvent, None]:
        """Send a command and yield its events; the last is terminal.

        Starts the host where it isn't alive. A host that dies on the way ends the request with a `Failed` of code
        `host-died`. Closing the iterator before its end cancels the command.
        """
        queue: asyncio.Queue[AnyEvent] = asyncio.Queue()
        sent = await self._send(command, queue)
        if isinstance(sent, Failed):
            yield sent
            return
        over = False
        try:
            while not over:
                event = await queue.get()
                over = isinstance(event, TERMINAL_EVENTS)
                yield event
        finally:
            sent.requests.pop(command.id, None)
            if not over:
                sent.write(Cancel(id=self.next_id(), target=command.id))

    async def ask(self, command: AnyCommand) -> AnyEvent:
        """Send a command whose last event is all that is wanted of it.

        Raises:
            TunesmithError: The command failed.
        """
        events = [event async for event in self.request(command)]
        last = events[-1]
        if isinstance(last, Failed):
            raise error_of(last)
        return last

    async def cancel(self, target: int) -> None:
        """Ask for the end of a command; it answers for itself. Nothing happens where it is over already."""
        async with self._starting:
            if self._connection is not None:
                self._connection.write(Cancel(id=self.next_id(), target=target))

    async def aclose(self) -> None:
        """End the host, politely first, in bounded time; open requests end as cancelled."""
        self._closed = True
        async with self._starting:
            connection = self._connection
        if connection is None:
            return
        connection.write(Shutdown(id=self.next_id()))
        connection.close_stdin()
        await connection.end()
        await asyncio.gather(*connection.tasks, return_exceptions=True)

    async def _send(self, command: AnyCommand, queue: asyncio.Queue[AnyEvent]) -> Connection | Failed:
        """Send a command whose events go to the queue; starts and cancels wait in line behind it."""
        async with self._starting:
            if self._closed:
                return closing(command.id)
            try:
                connection = await self._connect()
            except OSError as error:
                return not_started(command.id, self._argv[0], error)
            connection.requests[command.id] = queue
            connection.write(command)
            return connection

    async def _connect(self) -> Connection:
        if self._connection is not None and not self._connection.over:
            return self._connection
        if self._connection is not None:
            await asyncio.gather(*self._connection.tasks, return_exceptions=True)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*self._argv, stdin=pipe, stdout=pipe, stderr=pipe, env=self._env)
        connection = Connection(process)
        log = asyncio.create_task(self._drain_log(connection))
        connection.tasks += [log, asyncio.create_task(self._follow(connection, log))]
        self._connection = connection
        return connection

    async def _follow(self, connection: Connection, log: asyncio.Task[None]) -> None:
        """Hand out events until the host is gone, then tell everybody who waits."""
        assert connection.process.stdout is not None
        async for line in lines(connection.process.stdout):
            self._dispatch(connection, wire.decode_event(line))
        connection.over = True
        connection.close_stdin()
        status = await connection.end()
        await asyncio.wait([log], timeout=END_S)
        log.cancel()
        for request_id, queue in tuple(connection.requests.items()):
            queue.put_nowait(self._ended(connection, request_id, status))

    def _ended(self, connection: Connection, request_id: int, status: int) -> Failed:
        if self._closed:
            return closing(request_id)
        if connection.is_foreign:
            return other_version(request_id, connection.hello.version if connection.hello else "")
        return died(request_id, status, connection.last_words)

    def _dispatch(self, connection: Connection, event: AnyEvent | UnknownEvent) -> None:
        if connection.is_foreign:
            return
        if isinstance(event, UnknownEvent):
            if event.kind == Hello.__name__:
                connection.greet(None)
            self._log(LogLine(id=0, level="warning", text=f"The host said something unknown: {event.raw}"))
            return
        if isinstance(event, LogLine):
            self._log(event)
        elif isinstance(event, Hello):
            connection.greet(event)
            self._on_hello(event)
        elif isinstance(event, ModelReady):
            connection.model = event.model
        elif isinstance(event, ModelUnloaded):
            connection.model = None
        queue = connection.requests.get(event.id)
        if queue is not None:
            queue.put_nowait(event)
        elif isinstance(event, Failed):
            self._log(LogLine(id=0, level="error", text=f"{event.title}. {event.hint}"))

    async def _drain_log(self, connection: Connection) -> None:
        assert connection.process.stderr is not None
        async for line in lines(connection.process.stderr, ends=b"\r\n", longest_bytes=_LONGEST_LOG_LINE_BYTES):
            text = line.decode("utf-8", "replace").rstrip()
            if text and not _PROGRESS.search(text):
                connection.last_words = text
            if text:
                self._log(_as_log_line(text))

    def _log(self, line: LogLine) -> None:
        self.log_lines.append(line)
        if self._on_log is None:
            return
        try:
            self._on_log(line)
        except Exception:
            # A host whose log is not drained stops at its next line.
            _logger.exception("The listener of the host's log failed")


def _as_log_line(text: str) -> LogLine:
    match = _level.match(text)
    if match is None:
        return LogLine(id=0, level="info", text=text)
    return LogLine(id=0, level=cast(_LogLevel, match.group(1).lower()), text=text[match.end() :])
