"""Plain text files."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from pathlib import Path

from engine.corpus.spec import TextRows
from engine.data.lines import Line, not_utf8, open_bytes, read_lines, too_big, unreadable
from engine.data.rows import MAX_ROW_BYTES, Item, Place, Row

COLUMN = "text"
_BLOCK_CHARACTERS = 16_384
"""A long text is handed on in blocks of about this size, so that no file has to fit into memory."""
_CHUNK_BYTES = 1 << 16


def read_text(file: Path, first: int = 1, skip: int = 0, *, rows: TextRows = "document") -> Iterator[Item]:
    """Read a text file.

    Args:
        file: The file.
        first: What number its first row has.
        skip: So many rows are passed over.
        rows: What is a row. Of a document each block is one, which goes on in the next.
    """
    readers = {"document": _blocks, "paragraph": _paragraphs, "line": _lines}
    for index, item in enumerate(readers[rows](file, first)):
        if index >= skip:
            yield item


def _lines(file: Path, row: int) -> Iterator[Item]:
    for line in read_lines(file):
        if not line.raw.strip() and line.size_bytes <= MAX_ROW_BYTES:
            continue
        text = _text(line, Place(row, file.name, line.number))
        yield Row({COLUMN: text}, row, file.name, line.number) if isinstance(text, str) else text
        row += 1


def _paragraphs(file: Path, row: int) -> Iterator[Item]:
    kept: list[str] = []
    begin = 0
    for line in read_lines(file):
        text = _text(line, Place(row, file.name, line.number))
        if not isinstance(text, str):
            yield text
            row += 1
            continue
        if text.strip():
            begin = begin if kept else line.number
            kept.append(text)
        elif kept:
            yield Row({COLUMN: "\n".join(kept)}, row, file.name, begin)
            row, kept = row + 1, []
    if kept:
        yield Row({COLUMN: "\n".join(kept)}, row, file.name, begin)


def _blocks(file: Path, row: int) -> Iterator[Item]:
    """Cut a document behind a paragraph, else a line, else before a word."""
    # A character cut in two by the end of a chunk is kept for the next; a wrong byte becomes half a surrogate pair.
    decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
    with open_bytes(file) as stream:
        text, line, begins, ended = "", 1, True, False
        while not ended:
            try:
                while len(text) <= 2 * _BLOCK_CHARACTERS and not ended:
                    raw = stream.read(_CHUNK_BYTES)
                    ended = not raw
                    text += decode(raw, ended)
            except (OSError, EOFError, zlib.error) as error:
                raise unreadable(file, error) from error
            while len(text) > 2 * _BLOCK_CHARACTERS:
                cut = _cut(text)
                yield _block(text[:cut], Place(row, file.name, line), begins, False)
                line += text.count("\n", 0, cut)
                text, row, begins = text[cut:], row + 1, False
        if text.strip():
            yield _block(text, Place(row, file.name, line), begins, True)


def _cut(text: str) -> int:
    for mark in ("\n\n", "\n"):
        found = text.find(mark, _BLOCK_CHARACTERS, 2 * _BLOCK_CHARACTERS)
        if found >= 0:
            return found + len(mark)
    found = text.find(" ", _BLOCK_CHARACTERS, 2 * _BLOCK_CHARACTERS)
    return found if found >= 0 else 2 * _BLOCK_CHARACTERS


def _block(text: str, place: Place, begins: bool, ends: bool) -> Item:
    for index, line in enumerate(text.split("\n") if not text.isascii() else ()):
        if any("\udc80" <= character <= "\udcff" for character in line):
            raw = line.encode("utf-8", "surrogateescape")
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError as error:
                return not_utf8(Place(place.row, place.file, place.line + index), raw, error)
    return Row({COLUMN: text.replace("\r\n", "\n")}, place.row, place.file, place.line, begins, ends)


def _text(line: Line, place: Place) -> str | Item:
    if line.size_bytes > MAX_ROW_BYTES:
        return too_big(place, line.size_bytes)
    try:
        return line.raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return not_utf8(place, line.raw, error)
