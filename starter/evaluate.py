"""Bits per character, the same way for any model: each story alone, all of it scored from its first token on."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

CHARACTERS = 900


def bits_per_character(
    texts: list[str],
    encode: Callable[[str], list[int]],
    begin: int,
    logits: Callable[[torch.Tensor], torch.Tensor],
) -> float:
    """How many bits a character of the texts costs.

    Args:
        texts: Each is scored by itself, up to `CHARACTERS`.
        encode: To token ids, with no special token.
        begin: The token that begins a text; it is read, not scored.
        logits: From ids ``(1, T)`` to logits ``(1, T, V)``.
    """
    nats, characters = 0.0, 0
    with torch.inference_mode():
        for text in texts:
            shown = text[:CHARACTERS]
            ids = torch.tensor([[begin, *encode(shown)]])
            scores = logits(ids[:, :-1])[0].float().log_softmax(-1)
            nats -= scores.gather(1, ids[0, 1:, None]).sum().item()
            characters += len(shown)
    return nats / math.log(2) / characters
