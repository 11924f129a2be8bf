"""Counting what was found, row by row, in memory that grows by a few bytes a row."""

from __future__ import annotations

from array import array
from collections import Counter

from engine.corpus.report import Fault, FaultCount, Histogram, LabelCount, Report
from engine.data.encoding import IGNORED
from engine.data.pipeline import Outcome, Pipeline
from engine.data.rows import Row
from engine.figures import plural

_FIRST = 5
_BINS = 24
_MUCH = 0.2
_LOPSIDED = 10


class Tally:
    """Counts of all rows so far."""

    def __init__(self, pipeline: Pipeline) -> None:
        """Start at nothing."""
        self._pipeline = pipeline
        self._faults: dict[str, list[Fault]] = {}
        self._fault_counts: Counter[str] = Counter()
        self._labels: Counter[int] = Counter()
        self._lengths = array("q")
        self._digests = array("Q")
        self._truncated = self._lost = self._split = self._pieces = 0
        self._tokens = self._trained = 0
        self._touching = self._blocks = 0
        self.rows = 0

    @property
    def faulty_rows(self) -> int:
        """How many rows had a fault."""
        return self._fault_counts.total()

    def add(self, outcome: Outcome) -> None:
        """Count a row."""
        self.rows += 1
        if outcome.fault is not None:
            self._fault_counts[outcome.fault.kind] += 1
            kept = self._faults.setdefault(outcome.fault.kind, [])
            if len(kept) < _FIRST:
                kept.append(outcome.fault)
            return
        assert outcome.dressed is not None
        self._blocks += isinstance(outcome.item, Row) and not (outcome.item.begins and outcome.item.ends)
        self._digests.append(outcome.digest)
        if outcome.label is not None:
            self._labels[outcome.label] += 1
        parts = outcome.dressed.parts
        if self._pipeline.template is None and len(parts) == 2:
            self._touching += parts[0].text[-1].isalnum() and parts[1].text[:1].isalnum()
        self._count_tokens(outcome)

    def report(self) -> Report:
        """All that was counted."""
        labels = self._pipeline.labels
        empty = self._fault_counts["empty"]
        return Report(
            columns=self._pipeline.columns,
            template=self._pipeline.template,
            unit="tokens" if self._pipeline.encoder is not None else "characters",
            rows=self.rows,
            block_rows=self._blocks,
            faulty_rows=self.faulty_rows,
            faults=tuple(
                FaultCount(kind=kept[0].kind, count=self._fault_counts[kind], first=tuple(kept))
                for kind, kept in sorted(self._faults.items(), key=lambda pair: -self._fault_counts[pair[0]])
            ),
            empty_rows=empty,
            duplicate_rows=_duplicates(self._digests),
            max_length=self._pipeline.max_length,
            truncated_rows=self._truncated,
            lost_tokens=self._lost,
            split_rows=self._split,
            pieces=self._pieces,
            tokens=self._tokens,
            trained_tokens=self._trained,
            lengths=histogram(self._lengths),
            labels=tuple(
                LabelCount(label=key, word=word, rows=self._labels[place])
                for place, (key, word) in enumerate(zip(labels.keys, labels.words, strict=True))
            )
            if labels
            else (),
            notes=self._notes(),
        )

    def _count_tokens(self, outcome: Outcome) -> None:
        encoded = outcome.encoded
        if encoded is None:
            assert outcome.dressed is not None
            size = sum(len(part.text) for part in outcome.dressed.parts)
            self._lengths.append(size)
            self._tokens += size
            self._trained += sum(len(part.text) for part in outcome.dressed.parts if part.trained)
            self._pieces += 1
            return
        self._lengths.append(len(encoded.ids))
        self._truncated += encoded.lost > 0
        self._lost += encoded.lost
        self._split += bool(encoded.breaks)
        for piece in outcome.pieces:
            self._pieces += 1
            self._tokens += len(piece.ids)
            self._trained += len(piece.labels) - piece.labels.count(IGNORED)

    def _notes(self) -> tuple[str, ...]:
        notes = []
        good = self.rows - self.faulty_rows
        template = self._pipeline.template
        if self._pipeline.columns.shape == "text" and self._pipeline.spec.template is not None:
            notes.append(
                f'The template "{self._pipeline.spec.template.name}" is not used: raw text is learned as it is'
            )
        if self._truncated > _MUCH * good:
            notes.append(
                f"{self._truncated / good:.0%} of the rows are cut: a larger --max-length would keep more of them"
            )
        if self._touching > good / 2:
            notes.append("Most prompts and completions touch without a blank; a template would part them")
        labels = self._pipeline.labels
        if labels and template is not None and labels.words == labels.keys and all(k.isdecimal() for k in labels.keys):
            notes.append("The labels are numbers, which say little to a model: give a word for each with --label-words")
        counts = [self._labels[place] for place in range(len(labels.keys))] if labels else []
        if counts and max(counts) > _LOPSIDED * max(1, min(counts)):
            notes.append("The labels are lopsided: the commonest occurs over ten times as often as the rarest")
        encoder = self._pipeline.encoder
        if encoder is not None and encoder.eos is None:
            notes.append("The model has no end-of-text token: it will not learn where to stop")
        if duplicates := _duplicates(self._digests):
            notes.append(f"{plural(duplicates, 'row is a duplicate', 'rows are duplicates')} of an earlier one")
        return tuple(notes)


def histogram(lengths: array[int]) -> Histogram:
    """Count lengths in at most 25 bins, whose width is 1, 2 or 5 times a power of ten and no outlier stretches."""
    import numpy as np

    if not lengths:
        return Histogram(width=1)
    values = np.frombuffer(lengths, dtype=np.int64)
    reach = max(int(np.percentile(values, 99)), 1)
    width = _round_width(-(-(reach + 1) // _BINS))
    bins = min(_BINS, int(values.max()) // width) + 1
    counts = np.bincount(np.minimum(values // width, bins - 1), minlength=bins)
    return Histogram(
        width=width,
        counts=tuple(int(count) for count in counts),
        longest=int(values.max()),
        median=int(np.median(values)),
        mean=float(values.mean()),
    )


def _round_width(least: int) -> int:
    scale = 1
    while True:
        for step in (1, 2, 5):
            if step * scale >= least:
                return step * scale
        scale *= 10


def _duplicates(digests: array[int]) -> int:
    import numpy as np

    if not digests:
        return 0
    return len(digests) - len(np.unique(np.frombuffer(digests, dtype=np.uint64)))
