"""What the lab's screen shows: the sum of the events so far, cell by cell.

Pure but for being changed in place, as a table of thousands of cells that is copied with each word that a model says
would hold up the keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from engine.lab import Cell, Table
from engine.lab.events import (
    AnyLabEvent,
    CellDone,
    CellFailed,
    CellGrew,
    CellLost,
    CellStarted,
    LabFinished,
    LabPaused,
    LabResumed,
    ModelLoaded,
    ModelLoading,
    Progressed,
    place_of,
)
from engine.lab.records import Lab, Place
from engine.lab.summary import Summary
from engine.protocol import ModelInfo

Phase = Literal["still", "loading", "running", "pausing", "finished", "failed"]
"""`still`: nothing is computed until somebody says so; `loading`: a model is on its way."""
CellState = Literal["waiting", "running", "done", "kept", "failed"]
Spot = tuple[int, int]
"""The row and the variation of a cell."""


class LabView:
    """One table, and how its filling goes."""

    def __init__(self, lab: Lab) -> None:
        """Begin with an empty table."""
        self.lab = lab
        self.table = Table(lab)
        self.phase: Phase = "still"
        self.loading: ModelLoading | None = None
        self.summary: Summary | None = None
        self.fault = ""
        """Why the filling ended where it should not have."""
        self.loaded: dict[str, ModelInfo] = {}
        """The models that were loaded, by how the columns name them: what they are computed on, and how exactly."""
        self.needs_figures = False
        """Whether a result came in since the figures were asked for."""
        self._computed: set[Spot] = set()
        """Cells of which a part was computed now, not known from before."""
        self._running: set[Place] = set()
        self._assumed: set[Place] = set()
        """Results of the table before, shown until it is known whether they still hold."""
        self._is_assuming = False

    def assume(self, cells: Sequence[CellDone], summary: Summary | None, loaded: Mapping[str, ModelInfo]) -> None:
        """Show what the table before had, until all that is known of this one was told."""
        self.loaded.update(loaded)
        for cell in cells:
            self.table.apply(cell)
        self._assumed = {place_of(cell) for cell in cells}
        self.summary = summary
        self._is_assuming = True

    @property
    def is_working(self) -> bool:
        """Whether something is being computed, or about to be."""
        return self.phase in ("loading", "running", "pausing")

    @property
    def is_complete(self) -> bool:
        """Whether all that was asked is there."""
        progress = self.table.progress
        return progress.total > 0 and progress.done == progress.total

    def apply(self, events: Iterable[AnyLabEvent]) -> set[Spot]:
        """Take events in; returns the cells that look different now."""
        changed = set()
        for event in events:
            if self._is_assuming and isinstance(event, Progressed):
                changed |= self._drop_assumed()
            if (spot := self._apply(event)) is not None:
                changed.add(spot)
        return {spot for spot in changed if spot[0] < len(self.lab.rows)}

    def _drop_assumed(self) -> set[Spot]:
        """All that is known was told: what was not among it does not hold any more."""
        lost, self._assumed, self._is_assuming = self._assumed, set(), False
        for place in lost:
            self.table.apply(CellLost(row=place.row, variation=place.variation, part=place.part))
        self.needs_figures = True
        return {(place.row, place.variation) for place in lost}

    def _apply(self, event: AnyLabEvent) -> Spot | None:
        match event:
            case CellStarted():
                self.phase = self._going()
                self._running.add(Place(row=event.row, variation=event.variation, part=event.part))
                self.table.apply(event)
                return event.row, event.variation
            case CellGrew():
                self.phase = self._going()
            case CellDone():
                self._over(event)
                self.needs_figures = True
                if not event.known:
                    self._computed.add((event.row, event.variation))
            case CellFailed():
                self._over(event)
            case ModelLoading():
                self.phase, self.loading = "loading", event
            case ModelLoaded():
                self.phase, self.loading = "running", None
                self.loaded[event.ref] = event.model
            case LabPaused():
                self._rest("still")
            case LabResumed():
                self.phase = "running"
            case LabFinished():
                self._rest("finished" if event.reason == "completed" else "still")
            case _:
                pass
        return self.table.apply(event)

    def _going(self) -> Phase:
        return "pausing" if self.phase == "pausing" else "running"

    def _over(self, event: CellDone | CellFailed) -> None:
        self._running.discard(place_of(event))
        self._assumed.discard(place_of(event))

    def _rest(self, phase: Phase) -> None:
        self.phase, self.loading = phase, None
        self._running.clear()

    def fail(self, words: str) -> None:
        """The filling ended with a fault."""
        self._rest("failed")
        self.fault = words

    def state_of(self, row: int, variation: int) -> CellState:
        """How far a cell has come."""
        cell = self.table.cell(row, variation)
        parts = self.lab.parts_of(self.lab.rows[row])
        if any(Place(row=row, variation=variation, part=part) in self._running for part in parts):
            return "running"
        if cell.faults:
            return "failed"
        if not all(Place(row=row, variation=variation, part=part) in self.table.results for part in parts):
            return "waiting"
        return "done" if (row, variation) in self._computed else "kept"

    def cell(self, row: int, variation: int) -> Cell:
        """What is known of a cell."""
        return self.table.cell(row, variation)
