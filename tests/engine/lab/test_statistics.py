"""Intervals and differences are what the books say."""

from __future__ import annotations

import math
import random

import pytest

from engine.lab.statistics import Pair, bootstrap, bootstraps, paired_bootstrap, ratio, wilson


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


@pytest.mark.parametrize(("rows", "at_most"), [(2, 0.0), (5, 0.0), (9, 0.0), (10, 0.06), (15, 0.06), (30, 0.06)])
def test_equal_columns_are_seldom_called_different(rows: int, at_most: float) -> None:
    """Of 300 pairs of columns whose rows are right equally often; 5 of 100 are what the confidence allows."""
    draw = random.Random(rows)
    clear = 0
    for _ in range(300):
        first, second = ([float(draw.random() < 0.6) for _ in range(rows)] for _ in range(2))
        clear += paired_bootstrap(pairs(*first), pairs(*second), resamples=500).is_clear
    assert clear / 300 <= at_most


def test_the_luck_is_that_of_an_exact_sign_test() -> None:
    """Ten of ten rows: two of 2^10 lots are as far apart."""
    difference = paired_bootstrap(pairs(*[1] * 10), pairs(*[0] * 10))
    assert difference.luck == pytest.approx(2 / 2**10, abs=1e-3)
    assert difference.is_clear
    assert not paired_bootstrap(pairs(*[1] * 9), pairs(*[0] * 9)).is_clear


@pytest.mark.slow
def test_many_rows_are_not_drawn_anew_and_say_the_same() -> None:
    draw = random.Random(6)
    ahead, behind = ([(draw.gauss(mean, 1), draw.uniform(1, 3)) for _ in range(2001)] for mean in (1.05, 1.0))
    drawn, normal = (paired_bootstrap(ahead[:count], behind[:count]) for count in (2000, 2001))
    assert (normal.value, normal.low, normal.high) == pytest.approx((drawn.value, drawn.low, drawn.high), abs=2e-3)
    assert (normal.chance, normal.luck) == pytest.approx((drawn.chance, drawn.luck), abs=0.02)
    intervals = [bootstrap(ahead[:count]) for count in (2000, 2001)]
    assert (intervals[1].low, intervals[1].high) == pytest.approx((intervals[0].low, intervals[0].high), abs=2e-3)


def test_many_equal_rows_differ_in_nothing() -> None:
    difference = paired_bootstrap(pairs(*[1] * 3000), pairs(*[1] * 3000))
    assert (difference.value, difference.low, difference.high, difference.luck) == (0, 0, 0, 1)


def test_columns_are_drawn_together_and_as_if_alone() -> None:
    draw = random.Random(8)
    samples = [pairs(*(draw.gauss(0, 1) for _ in range(count))) for count in (20, 20, 7)]
    together, alone = bootstraps(samples, seed=3), [bootstrap(sample, seed=3) for sample in samples]
    for one, other in zip(together, alone, strict=True):
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
