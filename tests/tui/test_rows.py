"""Cutting text into rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.state.rows import Line, Row, Rows, cells, wrap

_NARROW = ("a", "bc", "-", "é", "e\u0301", " ", "  ", "\t", "\n", "\n\n", "longword" * 4)
_WIDE = ("字", "中文字", "👍", "👍🏽", "❤️", "🇩🇪")
PARTS = st.sampled_from([*_NARROW, *_WIDE])
TEXTS = st.lists(PARTS, max_size=40).map("".join)
WIDTHS = st.integers(1, 24)


def rows_of(text: str, width: int, hang_cells: int = 0) -> Rows:
    rows = Rows(width)
    rows.splice(0, [Line(line, hang_cells=hang_cells) for line in text.split("\n")])
    return rows


def cut(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end in wrap(text, width)]


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("", 5, [""]),
        ("one two", 7, ["one two"]),
        ("one two", 6, ["one ", "two"]),
        ("one   two", 4, ["one   ", "two"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("a abcdefgh", 4, ["a ", "abcd", "efgh"]),
        ("    x", 8, ["    x"]),
        ("中文字", 4, ["中文", "字"]),
        ("a中文", 4, ["a中", "文"]),
        ("👍👍", 1, ["👍", "👍"]),
        ("\tx", 5, ["\tx"]),
        ("\tx", 4, ["\t", "x"]),
    ],
)
def test_rows_break_where_a_reader_expects(text: str, width: int, rows: list[str]) -> None:
    assert cut(text, width) == rows


@given(TEXTS, WIDTHS)
def test_the_rows_of_a_line_cover_every_character(text: str, width: int) -> None:
    rows = rows_of(text, width)
    assert "\n".join(line.text for line in rows.lines) == text
    for number, line in enumerate(rows.lines):
        assert "".join(line.text[row.start : row.end] for row in rows.rows if row.line == number) == line.text


@given(TEXTS, st.integers(2, 24))
def test_a_row_fits_but_for_spaces(text: str, width: int) -> None:
    for row in (rows := rows_of(text, width)).rows:
        shown = rows.lines[row.line].text[row.start : row.end].rstrip(" \t")
        assert cells(shown) <= width or shown.lstrip(" \t") == ""


@given(TEXTS, WIDTHS, st.sampled_from([0, 3]), st.data())
def test_text_that_grows_is_cut_as_if_it_came_at_once(
    text: str, width: int, hang_cells: int, data: st.DataObject
) -> None:
    rows = rows_of("", width, hang_cells)
    shown = 0
    while shown < len(text):
        count = data.draw(st.integers(1, 8))
        first, *more = text[shown : shown + count].split("\n")
        last = len(rows.lines) - 1
        before = list(rows.rows)
        changed = rows.splice(
            last, [Line(part, hang_cells=hang_cells) for part in (rows.lines[last].text + first, *more)]
        )
        assert rows.rows[:changed] == before[:changed]
        shown += count
    assert rows.rows == rows_of(text, width, hang_cells).rows


@given(TEXTS, WIDTHS, WIDTHS)
def test_another_width_is_as_if_it_always_was(text: str, width: int, other: int) -> None:
    rows = rows_of(text, width)
    rows.rewrap(other)
    assert rows.rows == rows_of(text, other).rows


def test_lines_can_be_replaced_from_any_on() -> None:
    rows = rows_of("one\ntwo three\nfour", 5)
    assert rows.splice(1, [Line("x"), Line("")]) == 1
    assert rows.rows == [Row(0, 0, 3), Row(1, 0, 1), Row(2, 0, 0)]
    assert [line.text for line in rows.lines] == ["one", "x", ""]
