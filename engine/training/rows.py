"""What training wants of prepared data, whoever prepared it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

IGNORED = -100
"""The label of a token that no loss is taken on."""


class Rows(Protocol):
    """Rows of tokens: a list, or a data set in the Arrow format."""

    def __len__(self) -> int:
        """How many rows."""
        ...

    def __getitem__(self, index: Any, /) -> Any:
        """A row: `input_ids` and `labels`, two lists of the same length; the labels of masked tokens are -100."""
        ...


def row_lengths(rows: Rows) -> list[int]:
    """The length of each row, in tokens."""
    column = getattr(rows, "lengths", None)
    if column is not None:
        return list(column)
    return [len(rows[index]["input_ids"]) for index in range(len(rows))]


def packed(rows: Sequence[Any]) -> dict[str, torch.Tensor]:
    """Lay rows side by side, positions starting anew with each; N rows of T tokens in all.

    Returns:
        `input_ids`, `position_ids` and `targets`, all `(1, T)`: the target of a token is the next one of its own row.
    """
    ids = [token for row in rows for token in row["input_ids"]]
    positions = [place for row in rows for place in range(len(row["input_ids"]))]
    targets = [target for row in rows for target in _targets(row)]
    return {
        "input_ids": torch.tensor([ids]),
        "position_ids": torch.tensor([positions]),
        "targets": torch.tensor([targets]),
    }


def padded(rows: Sequence[Any], pad_id: int) -> dict[str, torch.Tensor]:
    """Lay rows under each other, filled up on the right; N rows, L tokens the longest.

    Returns:
        `input_ids`, `attention_mask` and `targets`, all `(N, L)`.
    """
    longest = max(len(row["input_ids"]) for row in rows)

    def filled(values: Sequence[int], filler: int) -> list[int]:
        return [*values, *[filler] * (longest - len(values))]

    return {
        "input_ids": torch.tensor([filled(row["input_ids"], pad_id) for row in rows]),
        "attention_mask": torch.tensor([filled([1] * len(row["input_ids"]), 0) for row in rows]),
        "targets": torch.tensor([filled(_targets(row), IGNORED) for row in rows]),
    }


def trained_tokens(rows: Sequence[Any]) -> int:
    """How many tokens the loss is taken on."""
    return sum(target != IGNORED for row in rows for target in _targets(row))


def _targets(row: Any) -> list[int]:
    return [*row["labels"][1:], IGNORED]
