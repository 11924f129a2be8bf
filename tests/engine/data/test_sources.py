"""Every format that can be read, from files, folders and packed files, from the start or from the middle."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from engine.corpus import DataSpec
from engine.corpus.place import SUFFIXES
from engine.data.files import READERS, FileSource
from engine.data.plain_text import COLUMN
from engine.data.rows import Row
from engine.data.source import open_source
from engine.errors import DataFault, DataNotFound
from tests.engine.data.conftest import Write, items

ROWS = [{"text": f"text {number}", "label": number % 2} for number in range(7)]


def values(path: Path, skip: int = 0, **spec: object) -> list[dict[str, object]]:
    found = items(path, skip, **spec)
    assert all(isinstance(item, Row) for item in found), found
    return [item.values for item in found if isinstance(item, Row)]


def parquet(file: Path, rows: list[dict[str, object]] | None = None) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows or ROWS), file, row_group_size=3)
    return file


FORMATS = {
    "rows.jsonl": "".join(json.dumps(row) + "\n" for row in ROWS),
    "no_last_newline.jsonl": "\n".join(json.dumps(row) for row in ROWS),
    "crlf_and_blank_lines.jsonl": "\r\n\r\n".join(json.dumps(row) for row in ROWS),
    "lines_called.json": "".join(json.dumps(row) + "\n" for row in ROWS),
    "array.json": json.dumps(ROWS),
    "pretty.json": json.dumps(ROWS, indent=4),
    "under_a_key.json": json.dumps({"version": 1, "data": ROWS}),
    "of_columns.json": json.dumps({name: [row[name] for row in ROWS] for name in ("text", "label")}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_json_of_every_kind_gives_the_same_rows(write: Write, name: str) -> None:
    file = write(name, FORMATS[name])
    assert values(file) == ROWS
    assert values(file, skip=4) == ROWS[4:]


def test_a_byte_order_mark_is_no_part_of_the_first_row(write: Write) -> None:
    assert values(write("bom.jsonl", b"\xef\xbb\xbf" + FORMATS["rows.jsonl"].encode())) == ROWS
    assert values(write("bom.csv", b"\xef\xbb\xbftext\nhello\n")) == [{"text": "hello"}]


@pytest.mark.parametrize("mark", [",", ";", "|", "\t"])
def test_tables_are_cut_at_their_delimiter(write: Write, mark: str) -> None:
    file = write("rows.csv", f'text{mark}label\n"a{mark} b\nc"{mark}1\n\nd{mark}0\n')
    assert values(file) == [{"text": f"a{mark} b\nc", "label": "1"}, {"text": "d", "label": "0"}]
    assert values(file, skip=1) == [{"text": "d", "label": "0"}]


def test_a_row_of_a_table_knows_its_line(write: Write) -> None:
    found = items(write("rows.tsv", 'text\tlabel\n"two\nlines"\t1\nnext\t0\n'))
    assert [(item.row, item.line) for item in found] == [(1, 2), (2, 4)]


def test_parquet_is_read_group_by_group(tmp_path: Path) -> None:
    file = parquet(tmp_path / "rows.parquet")
    assert values(file) == ROWS
    for skip in range(8):
        assert values(file, skip=skip) == ROWS[skip:]


def test_packed_lines_are_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl.gz"
    file.write_bytes(gzip.compress(FORMATS["rows.jsonl"].encode()))
    assert values(file) == ROWS


def test_a_broken_packed_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl.gz"
    file.write_bytes(gzip.compress(FORMATS["rows.jsonl"].encode() * 50)[:-20])
    with pytest.raises(DataFault, match=r"rows\.jsonl\.gz can't be read"):
        items(file)


TEXT = "first line\nsecond line\n\n\nnext paragraph\n\nlast\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("document", [TEXT]),
        ("paragraph", ["first line\nsecond line", "next paragraph", "last"]),
        ("line", ["first line", "second line", "next paragraph", "last"]),
    ],
)
def test_text_is_cut_into_the_rows_that_were_asked_for(write: Write, rows: str, expected: list[str]) -> None:
    file = write("book.txt", TEXT)
    assert [row[COLUMN] for row in values(file, text_rows=rows)] == expected


@pytest.mark.parametrize("line", ["word " * 40 + "\n", "é" * 90_000, "a line\n\n", "no end "])
def test_a_long_document_comes_in_blocks_that_make_the_whole(write: Write, line: str) -> None:
    text = (line * (100_000 // len(line) + 1)).strip() + "."
    found = items(write("book.txt", text))
    assert len(found) > 1
    assert "".join(item.values[COLUMN] for item in found if isinstance(item, Row)) == text
    assert [(row.begins, row.ends) for row in found if isinstance(row, Row)] == [
        (place == 0, place == len(found) - 1) for place in range(len(found))
    ]


def test_the_files_of_a_folder_follow_one_another(write: Write, tmp_path: Path) -> None:
    write("d/b.jsonl", [{"text": "3"}])
    write("d/a.jsonl", [{"text": "1"}, {"text": "2"}])
    write("d/.hidden.jsonl", [{"text": "no"}])
    write("d/README.md", "# not data")
    found = items(tmp_path / "d")
    assert [(item.row, item.file) for item in found] == [(1, "a.jsonl"), (2, "a.jsonl"), (3, "b.jsonl")]
    assert [item.row for item in items(tmp_path / "d", skip=2)] == [3]


def test_files_named_for_a_split_are_that_split(write: Write, tmp_path: Path) -> None:
    write("d/train-00000-of-00002.jsonl", [{"text": "1"}])
    write("d/train-00001-of-00002.jsonl", [{"text": "2"}])
    write("d/test.jsonl", [{"text": "3"}])
    write("d/dev/x.jsonl", [{"text": "4"}])
    for split, expected in (("", "12"), ("train", "12"), ("test", "3"), ("validation", "4")):
        assert "".join(str(row["text"]) for row in values(tmp_path / "d", split=split)) == expected
    (tmp_path / "d" / "test.jsonl").unlink()
    with pytest.raises(DataFault, match="no split test"):
        items(tmp_path / "d", split="test")


def test_a_folder_of_several_kinds_is_refused(write: Write, tmp_path: Path) -> None:
    write("d/a.jsonl", [{"text": "1"}])
    write("d/b.csv", "text\n2\n")
    with pytest.raises(DataFault, match="several kinds"):
        items(tmp_path / "d")


def test_an_empty_folder_says_what_it_could_hold(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="holds no file") as caught:
        items(tmp_path)
    assert "JSONL" in caught.value.hint


@pytest.mark.parametrize("source", ["", "  ", "./none.jsonl", "none/at/all", "none.csv", "~/none", "x" * 6000])
def test_a_source_that_is_nowhere_is_not_found(source: str) -> None:
    with pytest.raises(DataNotFound):
        open_source(DataSpec(source=source))


def test_the_identity_follows_the_content(write: Write) -> None:
    file = write("rows.jsonl", "a")
    first = FileSource(file).identity()
    assert FileSource(file).identity() == first
    file.write_text("b")
    assert FileSource(file).identity() != first


def test_what_is_read_as_a_file_is_looked_for_as_one() -> None:
    assert set(SUFFIXES) == set(READERS)
