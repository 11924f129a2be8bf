"""Scales and their round numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.renderables.scale import Scale, scale_for, tick_words

numbers = st.floats(-1e12, 1e12, allow_nan=False)


@given(st.lists(numbers, max_size=200), st.booleans(), st.lists(numbers, max_size=5), st.integers(0, 30))
def test_whatever_the_values_the_scale_can_be_drawn(
    values: list[float], log: bool, marks: list[float], most: int
) -> None:
    scale = scale_for(values, log=log, marks=marks)
    assert scale.low < scale.high
    assert all(0 <= scale.share(value) <= 1 for value in (*values, *marks))
    ticks = scale.ticks(most)
    assert len(ticks) <= most
    assert all(math.isfinite(tick) for tick in ticks)


def test_what_is_not_finite_is_left_out() -> None:
    assert scale_for([1.0, math.inf, 2.0, math.nan]) == Scale(1.0, 2.0)


def test_a_mark_is_always_within() -> None:
    scale = scale_for([1.0] * 200, marks=[9.0])
    assert (scale.low, scale.high) == (1.0, 9.0)


@pytest.mark.parametrize(
    ("scale", "most", "ticks"),
    [
        (Scale(2.0, 4.4), 4, (2.0, 3.0, 4.0)),
        (Scale(0.0, 1.0), 5, (0.0, 0.2, 0.4, 0.6, 0.8)),
        (Scale(1.0, 100.0, log=True), 8, (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)),
        (Scale(1.0, 1e6, log=True), 8, (1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6)),
        (Scale(2.0, 4.0, log=True), 4, (2.0, 2.5, 3.0, 3.5)),
    ],
)
def test_ticks_are_round(scale: Scale, most: int, ticks: tuple[float, ...]) -> None:
    assert scale.ticks(most) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("value", "step", "words"),
    [
        (2.0, 1.0, "2"),
        (2.5, 0.5, "2.5"),
        (0.25, 0.25, "0.25"),
        (0.0, 0.1, "0.0"),
        (1.8, 1.8 - 1.6, "1.8"),
        (1.4, 7 * 0.2 - 6 * 0.2, "1.4"),
        (1e7, 1e7, "1e7"),
        (2e-5, 1e-5, "2e-5"),
    ],
)
def test_a_tick_has_as_many_places_as_it_needs(value: float, step: float, words: str) -> None:
    assert tick_words(value, step) == words


def test_half_of_a_logarithmic_scale_is_the_geometric_mean() -> None:
    assert Scale(1.0, 100.0, log=True).share(10.0) == pytest.approx(0.5)
