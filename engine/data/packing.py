"""Which rows pass through the model together. Pure functions of lengths, seed and epoch."""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections.abc import Sequence

_WINDOW_ROWS = 2048
"""Rows that are packed with one another: packs stay random over the data, and are still filled to the brim."""
_GROUP_BATCHES = 50
_DISORDER = 0.8


def pack(lengths: Sequence[int], capacity_tokens: int, *, seed: int = 0, epoch: int = 0) -> list[list[int]]:
    """Put rows into packs: best fit, the longest first or nearly so, within windows of shuffled rows.

    Rows within a window are packed with each other. What is left over from half-full packs of one window goes into the
    next, so that only the last few packs of an epoch have room left.

    Args:
        lengths: Of the rows, in tokens; a row that is longer than a pack gets one of its own.
        capacity_tokens: What a pack holds.
        seed: Of the order.
        epoch: Another one, another order.

    Returns:
        Indexes of rows; each is in exactly one pack, and no pack is empty.

    Raises:
        ValueError: The capacity is not above 0.
    """
    if capacity_tokens <= 0:
        raise ValueError("a pack holds at least one token")
    generator = random.Random(f"pack/{seed}/{epoch}")
    order = list(range(len(lengths)))
    generator.shuffle(order)
    packs: list[list[int]] = []
    waiting: list[int] = []
    for start in range(0, len(order), _WINDOW_ROWS):
        window = waiting + order[start : start + _WINDOW_ROWS]
        is_last = start + _WINDOW_ROWS >= len(order)
        # A little disorder, or rows of rare lengths would meet in every epoch.
        rough = {row: lengths[row] * generator.uniform(_DISORDER, 1) for row in window}
        made = _best_fit(lengths, sorted(window, key=lambda row: -rough[row]), capacity_tokens)
        waiting = []
        for room, rows in made:
            if room > capacity_tokens // 2 and not is_last:
                waiting += rows
            else:
                packs.append(rows)
    generator.shuffle(packs)
    return packs


def length_groups(lengths: Sequence[int], batch_rows: int, *, seed: int = 0, epoch: int = 0) -> list[list[int]]:
    """Put rows of like length into batches of so many rows, for models that want padding.

    Args:
        lengths: Of the rows, in tokens.
        batch_rows: How many rows each batch has; the last one may have fewer.
        seed: Of the order.
        epoch: Another one, another order.

    Returns:
        Indexes of rows; each is in exactly one batch.

    Raises:
        ValueError: The size of a batch is not above 0.
    """
    if batch_rows <= 0:
        raise ValueError("a batch has at least one row")
    generator = random.Random(f"group/{seed}/{epoch}")
    order = list(range(len(lengths)))
    generator.shuffle(order)
    batches: list[list[int]] = []
    window = batch_rows * _GROUP_BATCHES
    for start in range(0, len(order), window):
        rows = sorted(order[start : start + window], key=lambda row: -lengths[row])
        batches += [rows[first : first + batch_rows] for first in range(0, len(rows), batch_rows)]
    generator.shuffle(batches)
    return batches


def _best_fit(lengths: Sequence[int], rows: Sequence[int], capacity: int) -> list[tuple[int, list[int]]]:
    """Packs of some rows, taken in this order, each with the room that it has left."""
    packs: list[tuple[int, list[int]]] = []
    open_packs: list[tuple[int, int]] = []
    """Room and place of each pack, the fullest first."""
    for row in rows:
        length = lengths[row]
        found = bisect_left(open_packs, (length, -1))
        if found < len(open_packs):
            room, place = open_packs.pop(found)
            packs[place][1].append(row)
        else:
            room, place = max(capacity, length), len(packs)
            packs.append((room, [row]))
        room -= length
        packs[place] = (room, packs[place][1])
        if room > 0:
            insort(open_packs, (room, place))
    return packs
