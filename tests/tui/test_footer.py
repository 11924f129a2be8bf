"""The line of keys at the bottom."""

from __future__ import annotations

import pytest

from tui.widgets.footer import fitting


@pytest.mark.parametrize(
    ("width", "places"),
    [
        (40, [0, 1, 2, 3, 4]),
        (39, [0, 1, 2, 4]),
        (30, [0, 1, 4]),
        (25, [0, 2, 4]),  # the shorter one that there is room for
        (9, [4]),
        (4, []),
    ],
)
def test_no_part_is_cut_and_the_kept_ones_stay(width: int, places: list[int]) -> None:
    widths, kept = [10, 9, 5, 8, 8], [False, False, False, False, True]
    assert fitting(widths, kept, width) == places
