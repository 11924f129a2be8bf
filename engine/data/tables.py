"""CSV and TSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from engine.data.lines import read_lines, too_big
from engine.data.rows import MAX_ROW_BYTES, Item, Place, Row, fault_at
from engine.errors import DataFault
from engine.figures import plural

_DELIMITERS = ",;\t|"
_QUOTE_HINT = 'Close the quote; a quote inside of a quoted field is written twice: ""'


def read_table(file: Path, first: int = 1, skip: int = 0) -> Iterator[Item]:
    """Read a table whose first line names the columns. Everything is text.

    Args:
        file: The file; .tsv is cut at tabs, anything else at whichever of , ; tab | its first line has most of.
        first: What number its first row has.
        skip: So many rows are passed over.

    Raises:
        DataFault: It can't be read, or has no line that names the columns.
    """
    # The limit is the whole process's; the library's own is 128 kB.
    csv.field_size_limit(MAX_ROW_BYTES)
    reader = csv.reader(_texts(file), delimiter=_delimiter(file), strict=True)
    names = _header(reader, file)
    row, begin = first - 1, reader.line_num + 1
    while True:
        place = Place(row + 1, file.name, begin)
        try:
            values = next(reader, None)
        except csv.Error as error:
            row += 1
            if row - first >= skip:
                yield _broken(error, place, reader.line_num - begin)
            if "unexpected end" in str(error):
                return
            begin = reader.line_num + 1
            continue
        if values is None:
            return
        begin = reader.line_num + 1
        if not values:
            continue
        row += 1
        if row - first >= skip:
            yield _row(names, values, place)


def _header(reader: Iterator[list[str]], file: Path) -> list[str]:
    try:
        names = next((record for record in reader if record), None)
    except csv.Error as error:
        raise DataFault(f"The first line of {file} can't be read: {error}", _QUOTE_HINT) from error
    if names is None:
        return []
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise DataFault(
            f"{file} has two columns with the same name: {', '.join(sorted(twice))!r}", "Give each its own name"
        )
    return names


def _row(names: list[str], values: list[str], place: Place) -> Item:
    if len(values) != len(names):
        return fault_at(
            place,
            "ragged",
            plural(len(values), "field"),
            f"{len(names)}, as the first line has",
            "A field with a delimiter or a line break in it stands in double quotes",
        )
    for name, value in zip(names, values, strict=True):
        if not value.isascii() and any("\udc80" <= character <= "\udcff" for character in value):
            hint = "Save the file as UTF-8, for instance with iconv -f LATIN1 -t UTF-8"
            return fault_at(place, "not-utf8", "bytes that are not UTF-8", "text in UTF-8", hint, column=name)
    return Row(dict(zip(names, values, strict=True)), place.row, place.file, place.line)


def _broken(error: csv.Error, place: Place, lines_behind: int) -> Item:
    words = str(error)
    if "unexpected end" in words:
        swallowed = f", which swallows the {plural(lines_behind, 'line')} behind it" if lines_behind > 0 else ""
        return fault_at(place, "torn-line", f"a quote that is never closed{swallowed}", "its end", _QUOTE_HINT)
    if "field larger" in words:
        return too_big(place, MAX_ROW_BYTES + 1)
    return fault_at(place, "ragged", words, "fields as the first line has", _QUOTE_HINT)


def _texts(file: Path) -> Iterator[str]:
    for line in read_lines(file):
        # The rest of the row can still be told apart where a byte is wrong.
        yield line.raw.decode("utf-8", "surrogateescape") + ("\n" if line.ended else "")


def _delimiter(file: Path) -> str:
    if file.name.lower().removesuffix(".gz").endswith(".tsv"):
        return "\t"
    first = next((line.raw for line in read_lines(file) if line.raw.strip()), b"").decode("utf-8", "replace")
    return max(_DELIMITERS, key=first.count)
