"""A run's past for whoever opens it now: the whole in bounded points, the recent steps one by one."""

from __future__ import annotations

import mmap
import re
from collections import deque
from pathlib import Path

import msgspec

from engine.runs.curve import Curve, CurvePoint
from engine.runs.events import AnyRunEvent, RunResumed, StepDone, UnknownRunEvent, decode_run_event
from engine.runs.log import read_events

RECENT_STEPS = 512
SAMPLED_ABOVE_BYTES = 16 * 1024 * 1024
"""Decoding everything takes 3 seconds a gigabyte; above this size, steps are sampled instead."""
SAMPLES = 16_384
_RARE = re.compile(rb'\n\{"type":"(?!StepDone)')
_RARE_LIMIT = 20_000


class History(msgspec.Struct, frozen=True):
    """What was, and where to go on reading."""

    curve: tuple[CurvePoint, ...]
    recent: tuple[StepDone, ...]
    """The last steps at full resolution."""
    events: tuple[AnyRunEvent, ...]
    """All that are no steps, in their order."""
    offset: int
    """Where `engine.runs.log.read_events` goes on."""


def read_history(file: Path, *, max_points: int = 2048, recent: int = RECENT_STEPS) -> History:
    """Read a log of any length; a million lines take well under a second.

    In a log of more than `SAMPLED_ABOVE_BYTES` the curve is drawn from steps picked evenly over the file.

    Args:
        file: `events.jsonl`.
        max_points: Bounds the curve.
        recent: How many of the last steps to give one by one.
    """
    builder = _Builder(max_points, recent)
    try:
        size = file.stat().st_size
    except OSError:
        return builder.history(0)
    if size <= SAMPLED_ABOVE_BYTES:
        offset = 0
        while (batch := read_events(file, offset)).offset > offset:
            offset = batch.offset
            for event in batch.events:
                builder.take(event)
        return builder.history(offset)
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        end = content.rfind(b"\n") + 1
        for start in _chosen_lines(content, end, recent):
            builder.take(decode_run_event(content[start : content.find(b"\n", start)]))
        return builder.history(end)


class _Builder:
    def __init__(self, max_points: int, recent: int) -> None:
        self._curve = Curve(max_points)
        self._recent: deque[StepDone] = deque(maxlen=recent)
        self._events: list[AnyRunEvent] = []

    def take(self, event: AnyRunEvent | UnknownRunEvent) -> None:
        if isinstance(event, StepDone):
            self._curve.add(event)
            self._recent.append(event)
            return
        if isinstance(event, UnknownRunEvent):
            return
        if isinstance(event, RunResumed):
            self._curve.forget_after(event.step)
            while self._recent and self._recent[-1].step > event.step:
                self._recent.pop()
        self._events.append(event)

    def history(self, offset: int) -> History:
        return History(self._curve.points, tuple(self._recent), tuple(self._events), offset)


def _chosen_lines(content: mmap.mmap, end: int, recent: int) -> list[int]:
    """Where the lines start that are decoded: a sample over the file, its last lines, and all that are no steps."""
    starts = set()
    for index in range(SAMPLES):
        starts.add(content.rfind(b"\n", 0, max(1, end * index // SAMPLES)) + 1)
    last = end - 1
    for _ in range(recent):
        last = content.rfind(b"\n", 0, last)
        starts.add(last + 1)
        if last < 0:
            break
    for count, match in enumerate(_RARE.finditer(content, 0, end)):
        if count >= _RARE_LIMIT:
            break
        starts.add(match.start() + 1)
    return sorted(start for start in starts if start < end)
