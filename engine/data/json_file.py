"""Files of JSON that are not lines: an array of objects, or an object that holds one."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from engine.data.lines import as_row, open_bytes, read_jsonl, too_big
from engine.data.rows import MAX_ROW_BYTES, Item, Place, fault_at
from engine.errors import DataFault
from engine.fields import short
from engine.figures import human_bytes

_CHUNK_BYTES = 1 << 16
_WHOLE_BYTES = 512 * 1024 * 1024
"""The largest file that is read at once, which only one big object needs."""
_BLANKS = " \t\r\n"
_WHAT_ELSE = "Save the rows as JSON Lines: one object on each line"


def read_json(file: Path, first: int = 1, skip: int = 0) -> Iterator[Item]:
    """Read the rows of a JSON file; an array is read piece by piece, however long it is.

    Args:
        file: The file.
        first: What number its first row has.
        skip: So many rows are passed over.

    Raises:
        DataFault: It can't be read, or holds no rows.
    """
    start = _start(file)
    if start.startswith("["):
        items = _array(file, first)
    elif _is_lines(file):
        yield from read_jsonl(file, first, skip)
        return
    elif start.startswith("{"):
        items = _object(file, first)
    elif not start:
        return
    else:
        raise DataFault(f"{file} is not JSON: it begins with {short(start[:20])}", _WHAT_ELSE)
    for index, item in enumerate(items):
        if index >= skip:
            yield item


def _start(file: Path) -> str:
    with open_bytes(file) as stream:
        return stream.read(4096).decode("utf-8", "replace").lstrip(_BLANKS)


def _is_lines(file: Path) -> bool:
    """Whether the first line alone is an object: many files of JSON Lines are called .json."""
    with open_bytes(file) as stream:
        line = stream.readline(MAX_ROW_BYTES)
        while line and not line.strip():
            line = stream.readline(MAX_ROW_BYTES)
        more = stream.read(_CHUNK_BYTES).strip()
    try:
        return isinstance(json.loads(line), dict) and more.startswith(b"{")
    except (ValueError, RecursionError):
        return more.startswith(b"{") and line.strip().startswith(b"{") and line.strip().endswith(b"}")


def _array(file: Path, first: int) -> Iterator[Item]:
    """Decode element by element from a window of text that moves over the file."""
    decoder = json.JSONDecoder()
    with open_bytes(file) as stream:
        window = _Window(stream, file)
        window.skip("[")
        row = first
        while window.skip(",") or window.text:
            if window.text.startswith("]"):
                return
            place = Place(row, file.name, window.line)
            value, problem = window.take(decoder)
            if problem is not None:
                yield _broken(problem, window, place)
                return
            yield as_row(value, place)
            row += 1
        hint = "The file was cut off while it was written: write it again"
        yield fault_at(Place(row, file.name, window.line), "torn-line", "the end of the file", "a closing ]", hint)


def _broken(problem: ValueError, window: _Window, place: Place) -> Item:
    if len(window.text) > MAX_ROW_BYTES:
        return too_big(place, len(window.text))
    reason = getattr(problem, "msg", str(problem))
    found = f"{short(window.text[:40])}, which is not JSON ({reason})" if window.text else "the end of the file"
    return fault_at(place, "not-json", found, "an object", "Nothing behind it can be read. Write the file again")


class _Window:
    """The part of a text that is looked at; it grows while a value is not whole and never holds more than one row."""

    def __init__(self, stream: IO[bytes], file: Path) -> None:
        self._stream = stream
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8")("strict")
        self._ended = False
        self.text = ""
        self.line = 1
        self._grow(_CHUNK_BYTES)

    def skip(self, mark: str) -> bool:
        """Pass over blanks and at most one mark; true where something is left."""
        seen = False
        while True:
            rest = self.text.lstrip(_BLANKS)
            self._pass(len(self.text) - len(rest))
            if rest.startswith(mark) and not seen:
                seen = True
                self._pass(1)
            elif rest or not self._grow(_CHUNK_BYTES):
                return bool(rest)

    def take(self, decoder: json.JSONDecoder) -> tuple[Any, ValueError | None]:
        """Decode the value at the front."""
        while True:
            try:
                value, end = decoder.raw_decode(self.text)
            except RecursionError:
                return None, ValueError("nested without end")
            except ValueError as error:
                # Not whole yet, or broken: only more text tells.
                if len(self.text) > MAX_ROW_BYTES or not self._grow(max(_CHUNK_BYTES, len(self.text))):
                    return None, error
                continue
            if end == len(self.text) and self._grow(_CHUNK_BYTES):
                continue  # a number may go on
            self._pass(end)
            return value, None

    def _pass(self, count: int) -> None:
        self.line += self.text.count("\n", 0, count)
        self.text = self.text[count:]

    def _grow(self, size: int) -> bool:
        if self._ended:
            return False
        raw = self._stream.read(size)
        self._ended = not raw
        try:
            self.text += self._decode.decode(raw, final=self._ended)
        except UnicodeDecodeError as error:
            title = f"{self._file} is not UTF-8 near line {self.line + self.text.count(chr(10)):,}"
            raise DataFault(title, "Save it as UTF-8, for instance with iconv -f LATIN1 -t UTF-8") from error
        return not self._ended


def _object(file: Path, first: int) -> Iterator[Item]:
    """One object: its first list of objects is the rows, else the lists in it are the columns."""
    size = file.stat().st_size
    if size > _WHOLE_BYTES:
        raise DataFault(f"{file} is one JSON object of {human_bytes(size)}", _WHAT_ELSE)
    with open_bytes(file) as stream:
        try:
            whole = json.loads(stream.read().decode("utf-8"))
        except UnicodeDecodeError as error:
            raise DataFault(f"{file} is not UTF-8 at byte {error.start:,}", "Save it as UTF-8") from error
        except RecursionError as error:
            raise DataFault(f"{file} nests lists or objects without end", _WHAT_ELSE) from error
        except ValueError as error:
            line = getattr(error, "lineno", 1)
            raise DataFault(
                f"{file} is not JSON: {getattr(error, 'msg', error)} in line {line:,}", _WHAT_ELSE
            ) from error
    rows = _rows_in(whole)
    if rows is None:
        raise DataFault(f"{file} is one object without a list of rows in it", _WHAT_ELSE)
    for row, value in enumerate(rows, first):
        yield as_row(value, Place(row, file.name))


def _rows_in(whole: dict[str, Any]) -> list[Any] | None:
    for value in whole.values():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return value
    columns = {name: value for name, value in whole.items() if isinstance(value, list)}
    if columns and len(columns) == len(whole) and len({len(column) for column in columns.values()}) == 1:
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return None
