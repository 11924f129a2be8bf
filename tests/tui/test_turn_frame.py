"""What stands around a turn's text."""

from __future__ import annotations

import pytest

from tui.state.turns import TurnLine
from tui.widgets.turn_frame import figure_lines, foot_rows

FIGURES = "87 tokens · 41.2 tok/s · first after 0.12 s · stopped at end of text · seed 2024"


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (80, [FIGURES]),
        (79, ["87 tokens · 41.2 tok/s · first after 0.12 s", "stopped at end of text · seed 2024"]),
        (44, ["87 tokens · 41.2 tok/s · first after 0.12 s", "stopped at end of text · seed 2024"]),
        (40, ["87 tokens · 41.2 tok/s", "first after 0.12 s", "stopped at end of text · seed 2024"]),
        (5, ["87 tokens", "41.2 tok/s", "first after 0.12 s", "stopped at end of text", "seed 2024"]),
    ],
)
def test_figures_stay_whole_and_none_stands_alone_where_it_need_not(width: int, lines: list[str]) -> None:
    assert figure_lines(FIGURES, width) == lines


@pytest.mark.parametrize("width", range(1, 90))
def test_all_figures_are_there_at_any_width(width: int) -> None:
    lines = figure_lines(FIGURES, width)
    assert " · ".join(lines) == FIGURES
    assert all(len(line) <= width or " · " not in line for line in lines)


def test_a_figure_wider_than_the_column_is_cut_into_rows() -> None:
    turn = TurnLine(id=1, role="assistant", label="gpt2", text="Hi", figures="stopped at “end of it all”", note="Late")
    assert [piece.text for piece in foot_rows(turn, 12)] == ["Late", "stopped at ", "“end of it ", "all”"]
