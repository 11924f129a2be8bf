"""What training wants of prepared data, and how rows are laid out as a batch.

Notation: a pack is some rows side by side; B packs make a batch of T columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from engine.data.packing import length_groups, pack

IGNORED = -100
"""The label of a token that no loss is taken on."""
_LONG = 0.95

Pack = list[Any]


class Rows(Protocol):
    """Rows of tokens: a list, or a data set in the Arrow format."""

    def __len__(self) -> int:
        """How many rows."""
        ...

    def __getitem__(self, index: Any, /) -> Any:
        """A row: `input_ids` and `labels`, two lists of the same length; the labels of masked tokens are -100."""
        ...


class Layout:
    """Which rows pass through the model together. A pure function of seed and epoch."""

    def __init__(self, lengths: Sequence[int], *, columns: int, packs: int, padded: bool = False, seed: int = 0):
        """Prepare.

        Args:
            lengths: Of the rows, in tokens, with what a method puts before each.
            columns: The most that a pack may hold, at least the longest row.
            packs: In one batch.
            padded: Each row is a pack of its own; rows of like length then go together.
            seed: Of the order.
        """
        self._lengths, self._columns, self._packs, self._padded, self._seed = lengths, columns, packs, padded, seed

    def epoch(self, epoch: int) -> list[list[list[int]]]:
        """All batches of an epoch, each a list of packs, each a list of indexes of rows."""
        if self._padded:
            groups = length_groups(self._lengths, self._rows_at_once(), seed=self._seed, epoch=epoch)
            return [[[row] for row in group] for group in groups]
        packs = pack(self._lengths, self._columns, seed=self._seed, epoch=epoch)
        return [packs[first : first + self._packs] for first in range(0, len(packs), self._packs)]

    def _rows_at_once(self) -> int:
        if not self._lengths:
            return 1
        long = sorted(self._lengths)[int(_LONG * (len(self._lengths) - 1))]
        return max(1, self._packs * self._columns // max(1, long))


def row_lengths(rows: Rows) -> list[int]:
    """The length of each row, in tokens."""
    column = getattr(rows, "lengths", None)
    if column is not None:
        return list(column)
    return [len(rows[index]["input_ids"]) for index in range(len(rows))]


def packed(packs: Sequence[Pack], pad_id: int) -> dict[str, torch.Tensor]:
    """Lay the rows of each pack side by side, positions starting anew with each row, and the packs under each other.

    Returns:
        `input_ids`, `position_ids` and `targets`, all `(B, T)`: the target of a token is the next one of its own row.
        What fills up a pack has no targets; `filled` counts it, `(B,)`.
    """
    longest = max(sum(len(row["input_ids"]) for row in rows) for rows in packs)
    ids, positions, targets, filled = [], [], [], []
    for rows in packs:
        flat = [token for row in rows for token in row["input_ids"]]
        room = longest - len(flat)
        ids.append(flat + [pad_id] * room)
        # Each token that fills up is a text of its own: positions that count on could leave the window.
        positions.append([place for row in rows for place in range(len(row["input_ids"]))] + [0] * room)
        targets.append([target for row in rows for target in _targets(row)] + [IGNORED] * room)
        filled.append(room)
    return {
        "input_ids": torch.tensor(ids),
        "position_ids": torch.tensor(positions),
        "targets": torch.tensor(targets),
        "filled": torch.tensor(filled),
    }


def padded(packs: Sequence[Pack], pad_id: int) -> dict[str, torch.Tensor]:
    """Lay all rows under each other, filled up on the right; N rows, L tokens the longest.

    Returns:
        `input_ids`, `attention_mask` and `targets`, all `(N, L)`.
    """
    rows = [row for each in packs for row in each]
    longest = max(len(row["input_ids"]) for row in rows)

    def filled(values: Sequence[int], filler: int) -> list[int]:
        return [*values, *[filler] * (longest - len(values))]

    return {
        "input_ids": torch.tensor([filled(row["input_ids"], pad_id) for row in rows]),
        "attention_mask": torch.tensor([filled([1] * len(row["input_ids"]), 0) for row in rows]),
        "targets": torch.tensor([filled(_targets(row), IGNORED) for row in rows]),
    }


def useful_tokens(batch: dict[str, torch.Tensor]) -> int:
    """How many tokens of a batch are not padding."""
    if "filled" in batch:
        return batch["input_ids"].numel() - int(batch["filled"].sum())
    return int(batch["attention_mask"].sum())


def trained_tokens(rows: Sequence[Any]) -> int:
    """How many tokens the loss is taken on."""
    return sum(target != IGNORED for row in rows for target in _targets(row))


def _targets(row: Any) -> list[int]:
    return [*row["labels"][1:], IGNORED]
