"""What happens while a table is filled."""

from __future__ import annotations

from typing import Literal

from engine.lab.records import Fault, Part, Place, Result
from engine.protocol import Frozen, LoadStage, ModelInfo


class LabEvent(Frozen, frozen=True, tag=True):
    """The common base."""


class LabStarted(LabEvent, frozen=True):
    """What there is to do; the cells that are known come next, each as a `CellDone`."""

    total: int
    """Parts of cells."""
    known: int


class ModelLoading(LabEvent, frozen=True):
    """A model is on its way. Fields as in `engine.protocol.LoadProgress`."""

    model: str
    stage: LoadStage
    done_bytes: int = 0
    total_bytes: int = 0


class ModelLoaded(LabEvent, frozen=True):
    """The cells of this model come next."""

    model: ModelInfo
    seconds: float
    ref: str = ""
    """As the variations name it."""


class CellStarted(LabEvent, frozen=True):
    """A part of a cell is being computed; one that was cut short may start again."""

    row: int
    variation: int
    part: Part


class CellGrew(LabEvent, frozen=True):
    """More text of a reply."""

    row: int
    variation: int
    text: str


class CellDone(LabEvent, frozen=True):
    """A part of a cell is there, and kept."""

    row: int
    variation: int
    part: Part
    result: Result
    known: bool = False
    """It was computed before."""


class CellFailed(LabEvent, frozen=True):
    """A part of a cell could not be had; the next run tries it again."""

    row: int
    variation: int
    part: Part
    fault: Fault


class CellLost(LabEvent, frozen=True):
    """A part of a cell that was told is of a model that is another by now; it is computed anew."""

    row: int
    variation: int
    part: Part


class Progressed(LabEvent, frozen=True):
    """How far it has come."""

    done: int
    """Known ones too."""
    failed: int
    total: int
    eta_s: float | None = None


class LabPaused(LabEvent, frozen=True):
    """Nothing is computed until the lab is resumed; the model stays loaded."""


class LabResumed(LabEvent, frozen=True):
    """It goes on."""


class LabFinished(LabEvent, frozen=True):
    """Nothing more comes."""

    reason: Literal["completed", "cancelled"]
    done: int
    failed: int
    total: int
    seconds: float


AnyLabEvent = (
    LabStarted
    | ModelLoading
    | ModelLoaded
    | CellStarted
    | CellGrew
    | CellDone
    | CellFailed
    | CellLost
    | Progressed
    | LabPaused
    | LabResumed
    | LabFinished
)


def place_of(event: CellStarted | CellDone | CellFailed | CellLost) -> Place:
    """The part of a cell that an event tells of."""
    return Place(row=event.row, variation=event.variation, part=event.part)
