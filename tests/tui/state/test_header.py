"""What the header keeps where there is little room."""

from __future__ import annotations

import pytest

from tui.state.header import PARTS, fitting, shortened

WIDTHS = {
    "model": [30, 26, 16],
    "template": [26, 14],
    "sampling": [40, 15, 0],
    "window": [20, 11, 3],
    "device": [15, 3, 0],
}


@pytest.mark.parametrize(
    ("columns", "shorter"),
    [
        (160, {}),
        (145, {"window": 1}),
        (120, {"window": 1, "sampling": 1}),
        (108, {"window": 1, "sampling": 1, "device": 1}),
        (80, {"window": 1, "sampling": 2, "device": 1, "model": 1, "template": 1}),
        (60, {"window": 1, "sampling": 2, "device": 2, "model": 2, "template": 1}),
        (10, {"window": 2, "sampling": 2, "device": 2, "model": 2, "template": 1}),
    ],
)
def test_the_least_needed_words_go_first(columns: int, shorter: dict[str, int]) -> None:
    assert fitting(WIDTHS, columns) == dict.fromkeys(PARTS, 0) | shorter


def test_what_has_nothing_to_say_takes_no_room() -> None:
    assert fitting({**WIDTHS, "window": [0]}, 139) == dict.fromkeys(PARTS, 0)


def test_a_long_name_is_cut_where_its_end_can_be_seen() -> None:
    assert shortened("SmolLM2-135M-Instruct", 14) == "SmolLM2-135M-…"
    assert shortened("gpt2", 14) == "gpt2"
