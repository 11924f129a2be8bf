"""Rows as a person looks at them: raw, rendered, and as tokens."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.corpus.report import Fault
from engine.protocol import Frozen

Fate = Literal["trained", "masked", "cut"]
"""Of a token: the loss is taken on it; the model sees it only; the model never sees it."""


class Part(Frozen, frozen=True, kw_only=True):
    """A stretch of rendered text."""

    text: str
    trained: bool


class TokenView(Frozen, frozen=True, kw_only=True):
    """One token."""

    id: int
    text: str
    """Of this token alone; a part of a character shows as a replacement character."""
    fate: Fate
    begins_piece: bool = False
    """A long text goes on here in a further piece."""


class RowView(Frozen, frozen=True, kw_only=True):
    """A row, and what becomes of it."""

    row: int
    """Counted from 1."""
    file: str = ""
    line: int = 0
    raw: dict[str, str] = msgspec.field(default_factory=dict)
    """Each column as text, cut where it is very long."""
    parts: tuple[Part, ...] = ()
    """What the template makes of it, special tokens not included; empty where the row is faulty."""
    tokens: tuple[TokenView, ...] = ()
    """Empty without a tokenizer; cut where there are very many."""
    token_count: int = 0
    """All of them, also those that `tokens` leaves out."""
    cut_tokens: int = 0
    """How many are lost to the longest length."""
    fault: Fault | None = None
