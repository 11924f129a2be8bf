"""What is compared: rows, variations, and what comes of each pair of them."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.protocol import FinishReason, Frozen, Likelihood, Normalisation, Sampling, Template

Part = Literal["reply", "labels", "reference"]
"""What can be asked of a cell: a reply, how likely each label is, how likely the reference is."""
Metric = Literal["accuracy", "exact", "perplexity", "diversity"]
METRICS: tuple[Metric, ...] = ("accuracy", "exact", "perplexity", "diversity")


class Row(Frozen, frozen=True):
    """An input, and what should come of it where that is known."""

    input: str
    reference: str = ""
    """The reply that would be right; empty where there is none."""
    label: str = ""
    """The value of the right label, as `engine.data.rows.label_key` writes it; empty where there is none."""


class Label(Frozen, frozen=True):
    """A label, and the word that a model says for it."""

    value: str
    word: str


class Variation(Frozen, frozen=True):
    """A column: one way of asking."""

    name: str
    """Unlike that of every other variation."""
    model: str
    """A reference."""
    template: Template
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    sampling: Sampling = Sampling()
    """A seed of None takes the lab's."""
    stop: tuple[str, ...] = ()


class Lab(Frozen, frozen=True):
    """Everything that decides the figures of a table."""

    name: str
    rows: tuple[Row, ...]
    variations: tuple[Variation, ...]
    metrics: tuple[Metric, ...] = ()
    """Empty: only replies."""
    labels: tuple[Label, ...] = ()
    normalisation: Normalisation = "choice"
    seed: int = 0
    """From it, each row's own seed is drawn; the same for all variations."""
    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is asked of every cell, the quickest first."""
        wanted: list[Part] = []
        if "accuracy" in self.metrics and self.labels:
            wanted.append("labels")
        if "perplexity" in self.metrics:
            wanted.append("reference")
        if not self.metrics or set(self.metrics) & {"exact", "diversity"}:
            wanted.append("reply")
        return tuple(wanted)

    def parts_of(self, row: Row) -> tuple[Part, ...]:
        """What is asked of the cells of a row: all parts, but for the reference's where it has none."""
        has_reference = bool(self.reference(row))
        return tuple(part for part in self.parts if part != "reference" or has_reference)

    def reference(self, row: Row) -> str:
        """The right reply of a row: its reference, else the word of its label; empty where there is neither."""
        if row.reference:
            return row.reference
        return next((label.word for label in self.labels if label.value == row.label), "")


class Reply(Frozen, frozen=True, tag=True):
    """What a model said. Fields as in `engine.protocol.ReplyFinished`."""

    text: str
    reason: FinishReason
    tokens: int
    prompt_tokens: int
    seconds: float
    """Of the batch that it was in, from its start."""
    seed: int
    dropped_turns: int = 0
    stop_text: str = ""


class LabelScores(Frozen, frozen=True, tag=True):
    """How likely each label is, in the lab's order."""

    likelihoods: tuple[Likelihood, ...]
    prompt_tokens: int

    @property
    def best(self) -> int:
        """The place of the likeliest label; of several the first."""
        return max(range(len(self.likelihoods)), key=lambda place: self.likelihoods[place].share)


class ReferenceScore(Frozen, frozen=True, tag=True):
    """How likely the reference is."""

    likelihood: Likelihood
    prompt_tokens: int


Result = Reply | LabelScores | ReferenceScore


class Fault(Frozen, frozen=True):
    """Why a part of a cell could not be had. Fields as in `engine.errors`."""

    code: str
    title: str
    hint: str = ""


class Place(Frozen, frozen=True):
    """A part of a cell, by its place in the lab."""

    row: int
    variation: int
    part: Part
