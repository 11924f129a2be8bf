"""Parts are even and whole, and what goes wrong in one of them is heard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.inference.shares import run_shares, shares

pytestmark = pytest.mark.torch


@given(count=st.integers(1, 500), parts=st.integers(-1, 40))
def test_parts_follow_one_another_and_differ_by_one_at_most(count: int, parts: int) -> None:
    cut = shares(count, parts)
    assert len(cut) == max(1, min(parts, count))
    assert [place for part in cut for place in range(*part)] == list(range(count))
    sizes = {end - first for first, end in cut}
    assert max(sizes) - min(sizes) <= 1


def test_every_part_is_done_once() -> None:
    done: list[tuple[int, int]] = []
    run_shares(lambda first, end: done.append((first, end)), shares(10, 3))
    assert sorted(done) == [(0, 3), (3, 6), (6, 10)]


@pytest.mark.parametrize("bad", [0, 3, 6])
def test_what_goes_wrong_in_a_part_is_raised(bad: int) -> None:
    def task(first: int, end: int) -> None:
        if first == bad:
            raise ValueError(f"{first} to {end}")

    with pytest.raises(ValueError, match=f"{bad} to"):
        run_shares(task, shares(10, 3))
