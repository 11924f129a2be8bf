"""Which rows of a file are taken, and what of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import DataFault
from engine.lab.inputs import DataFile, read_rows
from engine.lab.records import Row


def rows_of(folder: Path, *lines: str, **fields: int | str) -> tuple[Row, ...]:
    file = folder / "rows.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return read_rows(DataFile(file=file, **fields))  # type: ignore[arg-type]


def test_columns_that_the_first_row_lacks_are_found(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, '{"text": "One"}', '{"text": "Two", "answer": "2", "label": 1}')
    assert rows == (Row(input="One"), Row(input="Two", reference="2", label="1"))


def test_a_named_column_may_be_missing_in_the_first_row(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, '{"text": "One"}', '{"text": "Two", "gold": "2"}', reference="gold")
    assert [row.reference for row in rows] == ["", "2"]
    with pytest.raises(DataFault, match="gould"):
        rows_of(tmp_path, '{"text": "One"}', '{"text": "Two", "gold": "2"}', reference="gould")


def test_which_columns_are_meant_does_not_depend_on_how_many_rows_are_taken(tmp_path: Path) -> None:
    lines = '{"text": "One", "output": "x"}', '{"text": "Two", "output": "y", "reference": "z"}'
    assert rows_of(tmp_path, *lines, limit=1) == rows_of(tmp_path, *lines)[:1]


def test_a_fault_behind_the_rows_that_are_taken_is_none(tmp_path: Path) -> None:
    assert len(rows_of(tmp_path, '{"text": "One"}', "no JSON", limit=1)) == 1
    with pytest.raises(DataFault, match="row 2"):
        rows_of(tmp_path, '{"text": "One"}', "no JSON")


@pytest.mark.parametrize(
    ("value", "text"), [("42", "42"), ("2.5", "2.5"), ("3.0", "3"), ("true", "true"), ("null", "")]
)
def test_a_reference_that_is_no_text_is_written_as_text(tmp_path: Path, value: str, text: str) -> None:
    [row] = rows_of(tmp_path, f'{{"question": "6 * 7?", "answer": {value}}}')
    assert row.reference == text
