"""Packs: every row once, never too full, hardly any room left, always the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.packing import length_groups, pack

LENGTHS = st.lists(st.integers(1, 60), max_size=300)
SEEDS = st.integers(0, 2**32 - 1)


@given(lengths=LENGTHS, capacity=st.integers(1, 80), seed=SEEDS, epoch=st.integers(0, 9))
def test_every_row_is_in_one_pack_and_no_pack_is_too_full(
    lengths: list[int], capacity: int, seed: int, epoch: int
) -> None:
    packs = pack(lengths, capacity, seed=seed, epoch=epoch)
    assert sorted(row for rows in packs for row in rows) == list(range(len(lengths)))
    assert all(rows and (len(rows) == 1 or sum(lengths[row] for row in rows) <= capacity) for rows in packs)
    assert packs == pack(lengths, capacity, seed=seed, epoch=epoch)


@given(lengths=LENGTHS, size=st.integers(1, 40), seed=SEEDS)
def test_every_row_is_in_one_batch_of_the_right_size(lengths: list[int], size: int, seed: int) -> None:
    batches = length_groups(lengths, size, seed=seed)
    assert sorted(row for rows in batches for row in rows) == list(range(len(lengths)))
    assert all(0 < len(rows) <= size for rows in batches)
    assert batches == length_groups(lengths, size, seed=seed)


def lengths_like_reviews(count: int) -> list[int]:
    generator = random.Random(3)
    return [min(512, max(5, int(generator.lognormvariate(5.3, 0.6)))) for _ in range(count)]


@pytest.mark.parametrize(("count", "capacity", "least"), [(2000, 2048, 0.98), (2000, 512, 0.98), (50_000, 2048, 0.99)])
def test_packs_are_filled_nearly_to_the_brim(count: int, capacity: int, least: float) -> None:
    lengths = lengths_like_reviews(count)
    assert sum(lengths) / (capacity * len(pack(lengths, capacity))) > least


def test_another_epoch_or_seed_is_another_order() -> None:
    lengths = lengths_like_reviews(500)
    packs = [pack(lengths, 2048, seed=seed, epoch=epoch) for seed, epoch in ((0, 0), (0, 1), (1, 0))]
    together = [{frozenset(rows) for rows in one} for one in packs]
    assert not together[0] & together[1]
    assert not together[0] & together[2]


def test_batches_of_like_length_need_little_padding() -> None:
    lengths = lengths_like_reviews(4000)
    padded = sum(len(rows) * max(lengths[row] for row in rows) for rows in length_groups(lengths, 8, seed=1))
    assert sum(lengths) / padded > 0.95


def test_nothing_makes_no_pack() -> None:
    assert pack([], 10) == []
    assert length_groups([], 10) == []


def test_a_pack_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one token"):
        pack([1], 0)
    with pytest.raises(ValueError, match="at least one row"):
        length_groups([1], 0)
