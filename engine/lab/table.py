"""A table as it stands: the sum of the events so far."""

from __future__ import annotations

import msgspec

from engine.lab.events import (
    AnyLabEvent,
    CellDone,
    CellFailed,
    CellGrew,
    CellLost,
    CellStarted,
    Progressed,
    place_of,
)
from engine.lab.records import Fault, Lab, LabelScores, Part, Place, ReferenceScore, Reply, Result
from engine.lab.summary import Summary, summarise
from engine.protocol import Frozen


class Cell(Frozen, frozen=True):
    """All that is known of one row under one variation."""

    reply: Reply | None = None
    labels: LabelScores | None = None
    reference: ReferenceScore | None = None
    growing: str | None = None
    """The reply so far, while it is being written."""
    faults: dict[Part, Fault] = msgspec.field(default_factory=dict)

    @property
    def text(self) -> str:
        """The reply, or what there is of it."""
        return self.reply.text if self.reply is not None else self.growing or ""


_EMPTY = Cell()


class Table:
    """A lab and its cells; changes with each event."""

    def __init__(self, lab: Lab) -> None:
        """Begin empty."""
        self.lab = lab
        self.results: dict[Place, Result] = {}
        self.progress = Progressed(done=0, failed=0, total=0)
        self._cells: dict[tuple[int, int], Cell] = {}

    def cell(self, row: int, variation: int) -> Cell:
        """What is known of a cell."""
        return self._cells.get((row, variation), _EMPTY)

    def apply(self, event: AnyLabEvent) -> tuple[int, int] | None:
        """Take an event; returns the row and the variation of the cell that changed, where one did."""
        match event:
            case CellDone(result=result):
                self.results[place_of(event)] = result
                cell = self.cell(event.row, event.variation)
                others = {part: fault for part, fault in cell.faults.items() if part != event.part}
                match result:
                    case Reply():
                        changed = msgspec.structs.replace(cell, reply=result, growing=None, faults=others)
                    case LabelScores():
                        changed = msgspec.structs.replace(cell, labels=result, faults=others)
                    case ReferenceScore():
                        changed = msgspec.structs.replace(cell, reference=result, faults=others)
            case CellFailed(fault=fault):
                cell = self.cell(event.row, event.variation)
                changed = msgspec.structs.replace(cell, growing=None, faults={**cell.faults, event.part: fault})
            case CellLost():
                self.results.pop(place_of(event), None)
                changed = msgspec.structs.replace(self.cell(event.row, event.variation), **{event.part: None})
            case CellStarted(part="reply"):
                changed = msgspec.structs.replace(self.cell(event.row, event.variation), growing="")
            case CellGrew(text=text):
                cell = self.cell(event.row, event.variation)
                changed = msgspec.structs.replace(cell, growing=(cell.growing or "") + text)
            case Progressed():
                self.progress = event
                return None
            case _:
                return None
        self._cells[event.row, event.variation] = changed
        return event.row, event.variation

    def summary(self) -> Summary:
        """The figures of what is there."""
        return summarise(self.lab, self.results)
