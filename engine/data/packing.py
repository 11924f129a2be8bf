"""Which rows pass through the model together."""

from __future__ import annotations

import random
from collections.abc import Sequence

_OPEN_PACKS = 32


def pack(lengths: Sequence[int], batch_tokens: int, *, seed: int = 0, epoch: int = 0) -> list[list[int]]:
    """Put rows into packs of at most `batch_tokens`: first fit, in an order that seed and epoch decide.

    Args:
        lengths: Of the rows, in tokens; a row that is longer than a pack gets one of its own.
        batch_tokens: The capacity of a pack.
        seed: Of the order.
        epoch: Another one, another order.

    Returns:
        Indexes of rows; each is in exactly one pack.
    """
    order = list(range(len(lengths)))
    generator = random.Random(f"{seed}/{epoch}")
    generator.shuffle(order)
    full: list[list[int]] = []
    open_packs: list[tuple[int, list[int]]] = []
    for row in order:
        length = lengths[row]
        for index, (room, rows) in enumerate(open_packs):
            if length <= room:
                rows.append(row)
                open_packs[index] = (room - length, rows)
                break
        else:
            open_packs.append((batch_tokens - length, [row]))
            if len(open_packs) > _OPEN_PACKS:
                fullest = min(range(len(open_packs)), key=lambda place: open_packs[place][0])
                full.append(open_packs.pop(fullest)[1])
    packs = full + [rows for _, rows in open_packs]
    generator.shuffle(packs)
    return packs
