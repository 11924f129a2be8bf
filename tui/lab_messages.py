"""What the screen is told of the lab. By itself, so that a start of the program imports nothing of the lab."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from engine.lab.events import AnyLabEvent
    from engine.lab.summary import Summary


class LabMoved(Message):
    """Something happened in the run of that number."""

    def __init__(self, run: int, events: Sequence[AnyLabEvent], fault: str = "") -> None:
        """Carry events in order, and why it ended where that was a fault."""
        super().__init__()
        self.run = run
        self.events = tuple(events)
        self.fault = fault


class LabFigured(Message):
    """The figures of a table are there, as it stood a moment ago."""

    def __init__(self, run: int, summary: Summary) -> None:
        """Carry them, and which run they are of."""
        super().__init__()
        self.run = run
        self.summary = summary
