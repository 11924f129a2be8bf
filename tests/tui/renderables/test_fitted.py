"""Drawings that are made to measure."""

from __future__ import annotations

from textual.content import Content

from tui.renderables.fitted import Fitted, both_ends, columns, labelled, marked


def test_columns_have_their_widths_and_cut_with_an_ellipsis() -> None:
    line = columns((Content("a long name"), 6, False), (Content("7"), 3, True), (Content("gone"), 0, False))
    assert line.plain == "a lon…    7"


def test_wide_characters_count_as_two_cells() -> None:
    line = columns((Content("模型模型"), 5, False), (Content("x"), 1, False))
    assert line.plain == "模型…  x"
    assert line.cell_length == 8


def test_long_values_wrap_in_their_own_column() -> None:
    shown = labelled((("Kind", "base"), ("Where", "/a/very/long/path")), 14, 6)
    assert shown.plain.splitlines()[0] == "Kind  base"
    assert [line[:6] for line in shown.plain.splitlines()[1:]] == ["Where ", "      ", "      "]
    assert all(len(line) <= 14 for line in shown.plain.splitlines())


def test_of_a_name_that_is_too_long_both_ends_are_kept() -> None:
    assert both_ends("stories260k-lora-1125-0933", 20, 10) == "stories26…-1125-0933"
    assert both_ends("short", 20, 10) == "short"
    assert both_ends("stories260k", 8, 10) == "stories260k"


def test_marks_are_more_than_a_colour() -> None:
    content = marked("the sea", ((4, 7),))
    assert [(span.start, span.end, span.style) for span in content.spans] == [(4, 7, "bold underline")]


def test_a_drawing_is_laid_out_for_at_least_one_cell() -> None:
    widths: list[int] = []

    def lay_out(width: int) -> Content:
        widths.append(width)
        return Content("x")

    assert Fitted(lay_out).get_height({}, 0) == 1
    assert widths == [1]
    assert Fitted(lay_out, height=2).get_height({}, 0) == 2
    assert widths == [1]
