"""Files of lines: opened, cut into lines of bounded size, and read as JSON Lines."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from engine.data.rows import MAX_ROW_BYTES, Item, Place, Row, fault_at
from engine.errors import DataFault
from engine.fields import kind_of, short
from engine.figures import human_bytes

_BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff")
_JUDGED_BYTES, _BINARY_SHARE = 1000, 0.02
_DRAIN_BYTES = 1 << 20


class Line(msgspec.Struct, frozen=True):
    """One line of a file."""

    number: int
    """Counted from 1."""
    raw: bytes
    """Without its line end."""
    ended: bool
    """False for a last line that no line end closes."""
    size_bytes: int
    """More than `raw` has where the line is too big to be kept."""


def open_bytes(file: Path) -> IO[bytes]:
    """Open a file to read bytes, unpacking .gz on the way, behind a byte order mark.

    Raises:
        DataFault: It can't be opened, or is UTF-16.
    """
    try:
        stream = cast(IO[bytes], gzip.GzipFile(file) if file.suffix.lower() == ".gz" else file.open("rb"))
        start = stream.read(3)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(file, error) from error
    if start.startswith(_OTHER_BOMS):
        stream.close()
        raise DataFault(f"{file} is UTF-16", "Save it as UTF-8, for instance with iconv -f UTF-16 -t UTF-8")
    if start != _BOM:
        stream.seek(0)
    return stream


def unreadable(file: Path, error: Exception) -> DataFault:
    """Say that a file can't be read."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return DataFault(f"{file} can't be read: {words}", "Check the path and its permissions")


def read_lines(file: Path) -> Iterator[Line]:
    """Read a file line by line; a line of many megabytes is passed over without being kept.

    Raises:
        DataFault: It can't be read.
    """
    with open_bytes(file) as stream:
        number = 0
        try:
            while raw := stream.readline(MAX_ROW_BYTES + 1):
                number += 1
                size = len(raw)
                while not raw.endswith(b"\n") and size > MAX_ROW_BYTES:
                    raw = stream.readline(_DRAIN_BYTES)
                    size += len(raw)
                    if not raw:
                        break
                kept = raw if size <= MAX_ROW_BYTES + 1 else b""
                ended = raw.endswith(b"\n")
                yield Line(number, kept.rstrip(b"\r\n") if ended else kept, ended, size)
        except (OSError, EOFError, zlib.error) as error:
            raise unreadable(file, error) from error


def read_jsonl(file: Path, first: int = 1, skip: int = 0) -> Iterator[Item]:
    """Read JSON Lines: an object on each line; lines that are blank don't count.

    Args:
        file: The file.
        first: What number its first row has.
        skip: So many rows are passed over without being looked at.
    """
    decoder = msgspec.json.Decoder()
    row = first - 1
    for line in read_lines(file):
        if not line.raw.strip() and line.size_bytes <= MAX_ROW_BYTES:
            continue
        row += 1
        if row - first < skip:
            continue
        place = Place(row, file.name, line.number)
        if line.size_bytes > MAX_ROW_BYTES:
            yield too_big(place, line.size_bytes)
            continue
        try:
            value = decoder.decode(line.raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield _second_look(line, place)
            continue
        yield as_row(value, place)


def as_row(value: Any, place: Place) -> Item:
    """A decoded value as a row, which only an object can be."""
    if isinstance(value, dict):
        return Row(value, place.row, place.file, place.line)
    hint = 'Write each row as {"column": value, …}'
    return fault_at(place, "not-an-object", kind_in_words(value), "an object in braces", hint)


def too_big(place: Place, size_bytes: int) -> Item:
    """The fault of a row that has no end."""
    return fault_at(
        place,
        "too-big",
        f"a row of {human_bytes(size_bytes)}",
        f"at most {human_bytes(MAX_ROW_BYTES)}",
        "Look for a missing line end or closing quote, or cut the text into several rows",
    )


def not_utf8(place: Place, raw: bytes, error: UnicodeDecodeError) -> Item:
    """The fault of a row with other bytes than text."""
    if _is_binary(raw):
        hint = "It looks like a packed file, a picture or the like: name a file of text, a table or Parquet"
        return fault_at(place, "not-utf8", "bytes that are no text", "text in UTF-8", hint)
    return fault_at(
        place,
        "not-utf8",
        f"the byte 0x{raw[error.start]:02X} at position {error.start + 1:,}, which is not UTF-8",
        "text in UTF-8",
        "Save the file as UTF-8, for instance with iconv -f LATIN1 -t UTF-8",
    )


def _is_binary(raw: bytes) -> bool:
    """Whether these are no text of any encoding of bytes: of such a text hardly a byte is a control character."""
    some = raw[:_JUDGED_BYTES]
    return sum(byte < 32 and byte not in b"\t\n\r\f" for byte in some) > len(some) * _BINARY_SHARE


def kind_in_words(value: object) -> str:
    """What a value of JSON is, as the end of "found …"."""
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case _:
            return kind_of(value)


def _second_look(line: Line, place: Place) -> Item:
    """Read what the strict decoder refused: numbers such as NaN are harmless, the rest gets its words."""
    try:
        text = line.raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return not_utf8(place, line.raw, error)
    try:
        return as_row(json.loads(text), place)
    except RecursionError:
        return fault_at(place, "not-json", "lists or objects nested without end", "one object")
    except ValueError as error:
        return _not_json(text, error, line.ended, place)


def _not_json(text: str, error: ValueError, ended: bool, place: Place) -> Item:
    position = getattr(error, "pos", 0)
    if not ended and text.lstrip().startswith("{") and not text.rstrip().endswith("}"):
        hint = "The file was cut off while it was written: write it again, or delete the line"
        return fault_at(place, "torn-line", "a last line that breaks off", "a whole object", hint)
    if "\0" in text:
        hint = "Write the file again: such characters are left by a crash or a full disk"
        return fault_at(place, "nul-character", "a NUL character", "JSON", hint)
    reason = str(getattr(error, "msg", error))
    found = f"{short(text[position : position + 40] or text)} at position {position + 1:,} ({_lower(reason)})"
    return fault_at(place, "not-json", found, "one JSON object on each line", _json_hint(text))


def _json_hint(text: str) -> str:
    if text.lstrip().startswith("{'"):
        return "Names and texts stand in double quotes: write the file with json.dumps, not str"
    if text.rstrip().endswith(","):
        return "Take away the comma at the end of the line"
    return "Write the row again with a JSON library"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
