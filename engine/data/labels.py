"""Labels and the words that a model says for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.corpus.spec import Columns, DataSpec
from engine.data.rows import Row, label_key
from engine.data.source import Source
from engine.errors import DataFault, Misuse
from engine.fields import short
from engine.figures import plural

MAX_LABELS = 1000
"""More different ones are free text and no labels."""
_SLIPS = 0.05
"""Labels beyond those that have words are slips where no more rows than this share have them."""


class Labels:
    """Every label of a data set, in order, each with its word."""

    def __init__(self, keys: Sequence[str], words: Sequence[str]) -> None:
        """Take the labels, as `label_key` writes them, and their words."""
        self.keys = tuple(keys)
        self.words = tuple(words)
        self._places = {key: place for place, key in enumerate(self.keys)}

    def place(self, value: Any) -> int | None:
        """Which label a value is; None where it is none."""
        key = label_key(value)
        return self._places.get(key) if key is not None else None


def find_labels(spec: DataSpec, columns: Columns, source: Source, counts: Mapping[str, int]) -> Labels:
    """Settle the labels and their words.

    Args:
        spec: May give the words.
        columns: Which column has the labels.
        source: May know the names.
        counts: How many rows have each label that occurs, as `label_key` writes it. Where words are given, labels
            that are hardly ever used and have no word are left out: their rows are faulty.

    Raises:
        Misuse: There are not as many words as labels.
        DataFault: There are far too many labels.
    """
    names = source.label_names(columns.label)
    keys = [str(place) for place in range(len(names))] if names else sorted(counts, key=_order)
    if spec.label_words and not names:
        keys = _without_slips(keys, counts, len(spec.label_words))
    if len(keys) > MAX_LABELS:
        raise DataFault(
            f'The column "{columns.label}" has {len(keys):,} different values: too many for labels',
            "Name the column of the labels with --label-column, or take it as --completion-column",
        )
    words = spec.label_words or names or keys
    if len(words) != len(keys):
        listed = ", ".join(short(key) for key in keys[:12])
        title = f"{plural(len(words), 'label word')} for {plural(len(keys), 'label')}: {listed}"
        raise Misuse(title, "Give one word for each label, in this order")
    if any(not word.strip() for word in words) or len(set(words)) != len(words):
        raise Misuse("Two labels have the same word, or one has none", "Give each label a word of its own")
    return Labels(keys, [word.strip() for word in words])


def count_labels(rows: Iterable[Row], column: str) -> Counter[str]:
    """How many rows have each label."""
    return Counter(key for row in rows if (key := label_key(row.values.get(column))) is not None)


def _without_slips(keys: list[str], counts: Mapping[str, int], wanted: int) -> list[str]:
    """The commonest labels, where the others are so rare that they can only be slips."""
    by_rows = sorted(keys, key=lambda key: -counts[key])
    rare = sum(counts[key] for key in by_rows[wanted:])
    if not rare or rare > _SLIPS * sum(counts.values()):
        return keys
    return [key for key in keys if key in by_rows[:wanted]]


def _order(key: str) -> tuple[int, float, str]:
    """Numbers by their size, false before true, then texts by the alphabet."""
    try:
        return (0, float(key), key)
    except ValueError:
        return (1, 0.0, key)
