"""A cell in figures and words, in one flat record: for files and for lines of JSON."""

from __future__ import annotations

import msgspec

from engine.lab.records import Fault, Lab, Part
from engine.lab.scores import is_exact, is_right, reference_perplexity
from engine.lab.table import Cell, Table
from engine.protocol import Frozen


class LabelFigure(Frozen, frozen=True):
    """How likely a label is. Fields as in `engine.protocol.Likelihood`."""

    value: str
    word: str
    share: float
    logprob: float


class CellFigures(Frozen, frozen=True, tag_field="type", tag="cell"):
    """A cell in figures and words: what a file has of it, and a line of JSON."""

    row: int
    variation: str
    reply: str | None = None
    reason: str = ""
    tokens: int = 0
    seed: int | None = None
    exact: bool | None = None
    label: str | None = None
    """The value of the likeliest label."""
    right: bool | None = None
    labels: tuple[LabelFigure, ...] = ()
    reference_logprob: float | None = None
    reference_tokens: int = 0
    perplexity: float | None = None
    """Of the reference, by token."""
    faults: dict[Part, Fault] = msgspec.field(default_factory=dict)


def cell_figures(table: Table, row: int, variation: int) -> CellFigures:
    """Sum a cell up."""
    lab, cell = table.lab, table.cell(row, variation)
    reply, labels, reference = cell.reply, cell.labels, cell.reference
    return CellFigures(
        row=row,
        variation=lab.variations[variation].name,
        reply=reply.text if reply else None,
        reason=reply.reason if reply else "",
        tokens=reply.tokens if reply else 0,
        seed=reply.seed if reply else None,
        exact=is_exact(lab, row, reply) if reply and "exact" in lab.metrics else None,
        label=lab.labels[labels.best].value if labels else None,
        right=is_right(lab, row, labels) if labels else None,
        labels=_label_figures(lab, cell),
        reference_logprob=reference.likelihood.logprob if reference else None,
        reference_tokens=reference.likelihood.tokens if reference else 0,
        perplexity=reference_perplexity(reference) if reference else None,
        faults=cell.faults,
    )


def _label_figures(lab: Lab, cell: Cell) -> tuple[LabelFigure, ...]:
    if cell.labels is None:
        return ()
    return tuple(
        LabelFigure(value=label.value, word=label.word, share=likelihood.share, logprob=likelihood.logprob)
        for label, likelihood in zip(lab.labels, cell.labels.likelihoods, strict=True)
    )
