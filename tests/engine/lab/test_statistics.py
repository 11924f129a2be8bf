"""Intervals and differences are what the books say."""

from __future__ import annotations

import math
import random

import pytest

from engine.lab.statistics import Pair, bootstrap, paired_bootstrap, ratio, wilson


def pairs(*values: float) -> list[Pair]:
    return [(value, 1.0) for value in values]


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (1, 2, 0.0945, 0.9055)],
)
def test_wilson_gives_the_published_intervals(successes: int, count: int, low: float, high: float) -> None:
    """81 of 263: Newcombe (1998), table I, method 3; the others by its formula at the edges."""
    interval = wilson(successes, count)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)
    assert interval.value == successes / count
    assert interval.count == count


def test_the_bootstrap_of_a_mean_is_close_to_the_normal_interval() -> None:
    draw = random.Random(1)
    values = [draw.gauss(5, 2) for _ in range(400)]
    mean = sum(values) / 400
    half = 1.96 * math.sqrt(sum((value - mean) ** 2 for value in values) / 400 / 400)
    interval = bootstrap(pairs(*values))
    assert interval.value == pytest.approx(mean)
    assert (interval.low, interval.high) == pytest.approx((mean - half, mean + half), abs=0.02)


def test_a_ratio_weighs_rows_by_their_denominators() -> None:
    assert ratio([(1.0, 1.0), (0.0, 3.0)]) == 0.25


def test_the_same_seed_gives_the_same_interval() -> None:
    draw = random.Random(5)
    values = pairs(*(draw.gauss(0, 1) for _ in range(20)))
    assert bootstrap(values, seed=4) == bootstrap(values, seed=4)
    assert bootstrap(values, seed=4) != bootstrap(values, seed=5)


def test_pairing_sees_what_two_intervals_would_hide() -> None:
    draw = random.Random(2)
    base = [draw.gauss(0, 10) for _ in range(60)]
    better = [value + 1 + draw.gauss(0, 0.5) for value in base]
    difference = paired_bootstrap(pairs(*better), pairs(*base))
    assert difference.is_clear
    assert difference.low > 0.8
    assert difference.chance == 0
    assert bootstrap(pairs(*better)).low < bootstrap(pairs(*base)).high


def test_no_difference_is_not_clear() -> None:
    draw = random.Random(3)
    first, second = ([float(draw.random() < 0.5) for _ in range(50)] for _ in range(2))
    difference = paired_bootstrap(pairs(*first), pairs(*second))
    assert not difference.is_clear
    assert difference.low <= difference.value <= difference.high


def test_the_chance_is_that_of_an_exact_sign_count() -> None:
    """One row of three is ahead: a resample without it, (2/3)^3 of them, is not."""
    difference = paired_bootstrap(pairs(1, 0, 0), pairs(0, 0, 0))
    assert difference.chance == pytest.approx((2 / 3) ** 3, abs=0.02)


def test_one_row_is_enough_to_count_and_not_to_know() -> None:
    assert wilson(1, 1).low < 0.3
    difference = paired_bootstrap(pairs(1), pairs(0))
    assert (difference.value, difference.count) == (1, 1)
