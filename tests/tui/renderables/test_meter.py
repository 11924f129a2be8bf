"""The bar."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.renderables.meter import meter


@pytest.mark.parametrize(
    ("fraction", "bar"),
    [
        (0, "▕       ▏"),
        (0.5, "▕███▌   ▏"),
        (1, "▕███████▏"),
        (0.0001, "▕▏      ▏"),
        (0.9999, "▕██████▉▏"),
        (-3, "▕       ▏"),
        (7, "▕███████▏"),
        (math.nan, "▕       ▏"),
        (math.inf, "▕███████▏"),
    ],
)
def test_it_fills_by_eighths(fraction: float, bar: str) -> None:
    assert meter(fraction, 9) == bar


def test_without_room_there_is_no_bar() -> None:
    assert [meter(0.5, width) for width in (-1, 0, 2, 3)] == ["", "", "", "▕▌▏"]


@given(st.floats(0, 1), st.floats(0, 1), st.integers(3, 60))
def test_it_has_its_width_and_never_falls_as_the_fraction_grows(a: float, b: float, width: int) -> None:
    low, high = sorted((meter(min(a, b), width), meter(max(a, b), width)), key=_filled)
    assert len(low) == len(high) == width
    assert _filled(meter(min(a, b), width)) <= _filled(meter(max(a, b), width))


def _filled(bar: str) -> int:
    return sum(" ▏▎▍▌▋▊▉█".index(cell) for cell in bar[1:-1])
