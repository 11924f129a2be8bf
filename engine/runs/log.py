"""The append-only log of a run: one writer, any number of readers, none of which reads anything twice."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from engine.runs.events import AnyRunEvent, RunEvent, UnknownRunEvent, decode_run_event, encode_run_event

_TAIL_BYTES = 64 * 1024
_READ_BYTES = 4 * 1024 * 1024


class EventWriter:
    """Appends events, each with one write. What can't be written for want of space waits for the next call."""

    def __init__(self, file: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Open the log for appending, behind a line that a dying writer may have torn.

        Args:
            file: `events.jsonl`; made where it is missing.
            clock: Seconds since the epoch.
        """
        self._clock = clock
        self._waiting: list[bytes] = []
        self._descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        tail = _tail(file)
        self._torn = bool(tail) and not tail.endswith(b"\n")
        self._seq = _last_seq(tail) if tail else 0

    def append(self, event: RunEvent) -> RunEvent:
        """Write an event; returns it with its `seq` and `t`.

        A full disk raises nothing: the event is kept, and written before the next one.
        """
        self._seq += 1
        stamped = msgspec.structs.replace(event, seq=self._seq, t=self._clock())
        self._waiting.append(encode_run_event(stamped))
        self.flush()
        return stamped

    def flush(self) -> bool:
        """Write what waits; say whether nothing is left."""
        while self._waiting:
            line = self._waiting[0]
            whole = b"\n" + line if self._torn else line
            try:
                written = os.write(self._descriptor, whole)
            except OSError:
                return False
            if written < len(whole):
                self._torn = True
                return False
            self._torn = False
            self._waiting.pop(0)
        return True

    def close(self) -> None:
        """Force the log to the disk and let go of it."""
        self.flush()
        os.fsync(self._descriptor)
        os.close(self._descriptor)


class Batch(msgspec.Struct, frozen=True):
    """Events that were read, and where to go on."""

    events: tuple[AnyRunEvent | UnknownRunEvent, ...]
    offset: int
    """Bytes; behind the last whole line."""


def read_events(file: Path, offset: int = 0, *, limit_bytes: int = _READ_BYTES) -> Batch:
    """Read the whole lines behind an offset; a line that is still being written is left for the next call."""
    try:
        with file.open("rb") as stream:
            stream.seek(offset)
            block = stream.read(limit_bytes)
            while block and b"\n" not in block:
                more = stream.read(limit_bytes)
                if not more:
                    break
                block += more
    except FileNotFoundError:
        return Batch((), 0)
    end = block.rfind(b"\n") + 1
    lines = block[:end].split(b"\n")[:-1]
    return Batch(tuple(decode_run_event(line) for line in lines if line.strip()), offset + end)


def read_all(file: Path, offset: int = 0) -> Iterator[AnyRunEvent | UnknownRunEvent]:
    """Read what is there behind an offset, a block at a time."""
    while (batch := read_events(file, offset)).offset != offset:
        yield from batch.events
        offset = batch.offset


def last_events(file: Path, *, tail_bytes: int = _TAIL_BYTES) -> tuple[AnyRunEvent | UnknownRunEvent, ...]:
    """Read the last whole lines of a log, however long it is."""
    try:
        size = file.stat().st_size
    except OSError:
        return ()
    start = max(0, size - tail_bytes)
    with file.open("rb") as stream:
        stream.seek(start)
        block = stream.read(tail_bytes)
    if start:
        block = block[block.find(b"\n") + 1 :]
    lines = block[: block.rfind(b"\n") + 1].split(b"\n")
    return tuple(decode_run_event(line) for line in lines if line.strip())


def _tail(file: Path) -> bytes:
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _TAIL_BYTES))
        return stream.read()


def _last_seq(tail: bytes) -> int:
    return max((decode_run_event(line).seq for line in tail.split(b"\n") if line.strip()), default=0)
