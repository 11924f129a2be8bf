"""How a text begins for a model: one rule for chatting and for training."""

from __future__ import annotations

from typing import Any


def adds_bos(tokenizer: Any) -> bool:
    """Whether a tokenizer begins a text with its beginning-of-text token."""
    bos = tokenizer.bos_token_id
    return bos is not None and tokenizer("a")["input_ids"][:1] == [bos]


def begun(ids: list[int], bos: int) -> list[int]:
    """Put the beginning-of-text token in front, unless it is there."""
    return ids if ids[:1] == [bos] else [bos, *ids]
