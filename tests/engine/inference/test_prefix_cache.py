"""What is kept between two prompts, against a cache that only counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.inference.prefix_cache import PrefixCache


class Layer:
    def __init__(self, window: int) -> None:
        self.is_sliding = window > 0
        self.sliding_window = window


class Counter:
    """Stands for a cache of transformers; `length` is what a model would have put in."""

    def __init__(self, *, croppable: bool = True, window: int = 0, fails: bool = False) -> None:
        self.length = 0
        self.is_croppable = croppable
        self.layers = [Layer(window)]
        self.fails = fails

    def crop(self, change: int) -> None:
        if self.fails:
            raise RuntimeError("can't")
        assert change < 0
        self.length += change


def fill(prefix: PrefixCache, ids: list[int]) -> None:
    prefix.cache.length += len(ids)
    prefix.grew(ids)


ids_lists = st.lists(st.integers(0, 2), max_size=12)


@given(ids_lists, ids_lists.filter(bool))
def test_the_common_start_is_kept_but_for_the_last_token(before: list[int], after: list[int]) -> None:
    prefix = PrefixCache(Counter)
    fill(prefix, before)
    expected = prefix.common_prefix(after)
    kept = prefix.rewind(after)
    assert kept == expected < len(after)
    assert before[:kept] == after[:kept]
    assert kept == len(after) - 1 or kept == len(before) or before[kept] != after[kept]
    assert len(prefix) == prefix.cache.length == kept


def test_a_regenerated_reply_pays_for_one_token_or_none() -> None:
    prefix = PrefixCache(Counter)
    fill(prefix, [1, 2, 3, 4])
    fill(prefix, [9, 9])
    assert prefix.common_prefix([1, 2, 3, 4]) == 3
    assert prefix.rewind([1, 2, 3, 4], whole=True) == 4
    assert prefix.rewind([1, 2, 3, 4]) == 3


@pytest.mark.parametrize("cache", [Counter(croppable=False), Counter(window=4), Counter(fails=True)])
def test_a_cache_that_can_not_be_shortened_starts_anew(cache: Counter) -> None:
    prefix = PrefixCache(lambda: cache if cache.length == 0 else Counter())
    fill(prefix, [1, 2, 3, 4, 5])
    assert prefix.rewind([1, 2, 3, 7]) == 0
    assert len(prefix) == prefix.cache.length == 0


def test_a_cache_that_can_not_be_shortened_still_grows() -> None:
    prefix = PrefixCache(lambda: Counter(croppable=False))
    fill(prefix, [1, 2, 3])
    assert prefix.rewind([1, 2, 3, 4]) == 3


def test_a_sliding_window_that_is_not_full_yet_can_be_shortened() -> None:
    prefix = PrefixCache(lambda: Counter(window=10))
    fill(prefix, [1, 2, 3, 4, 5])
    assert prefix.rewind([1, 2, 7]) == 2
