"""What the header keeps where there is little room."""

from __future__ import annotations

import pytest

from tui.state.header import PARTS, fitting

WIDTHS = {"model": 20, "template": 10, "sampling": 20, "window": 20, "device": 15}


@pytest.mark.parametrize(
    ("columns", "gone"),
    [
        (120, set()),
        (100, {"device"}),
        (80, {"device", "sampling"}),
        (50, {"device", "sampling", "window"}),
        (10, {"device", "sampling", "window"}),
    ],
)
def test_the_least_needed_parts_go_first(columns: int, gone: set[str]) -> None:
    assert fitting(WIDTHS, columns) == set(PARTS) - gone


def test_what_has_nothing_to_say_takes_no_room() -> None:
    assert fitting({**WIDTHS, "window": 0}, 200) == set(PARTS) - {"window"}
