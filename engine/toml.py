"""TOML with line numbers: what `tomllib` reads, plus where each key stands, so that a fault can point at it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import msgspec

Path = tuple[str | int, ...]
"""The way to a value: keys, and indexes of [[arrays of tables]]."""

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[ \t]+"
    r"|\n"
    r"|[\[\]{}=.,]"
    r"|[^\s\[\]{}=.,\"'\#]+"
    r"|.",
    re.DOTALL,
)
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


_MAX_DEPTH = 8
"""Deeper tables are not looked for; a key of a thousand parts would cost a million steps."""
_MAX_KEY_PARTS = 64
"""Reading a key takes time and memory in proportion to the square of its parts: one of 60,000 takes half a minute."""


class TomlFault(ValueError):
    """A text is not TOML."""

    def __init__(self, title: str, line: int) -> None:
        """Make a fault at a 1-based line."""
        super().__init__(title)
        self.title = title
        self.line = line


class Span(msgspec.Struct, frozen=True):
    """The lines of one value, 1-based and inclusive."""

    key: int
    """Where the key stands."""
    first: int
    """Where the text of a multi-line string begins; the key's own line for anything else."""
    last: int


class Document(msgspec.Struct, frozen=True):
    """The values of a TOML text and the lines that they stand on."""

    values: dict[str, Any]
    spans: dict[Path, Span]

    def span(self, path: Path) -> Span:
        """The place of a value, or of the nearest table around it."""
        for length in range(len(path), 0, -1):
            if (span := self.spans.get(path[:length])) is not None:
                return span
        return Span(1, 1, 1)

    def line(self, path: Path) -> int:
        """The line of a key, or of the nearest table around it."""
        return self.span(path).key


def read_toml(text: str) -> Document:
    """Read a TOML text.

    Raises:
        TomlFault: It is not TOML, or nested too deeply to be read.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if line := _line_of_long_key(text):
        raise TomlFault(f"a key has more than {_MAX_KEY_PARTS} parts", line)
    try:
        values = tomllib.loads(text)
        spans: dict[Path, Span] = {}
        for path, span in _spans(text):
            spans[path] = span
            for length in range(1, min(len(path), _MAX_DEPTH)):
                spans.setdefault(path[:length], span)
        return Document(values, spans)
    except (RecursionError, MemoryError):
        raise TomlFault("lists or tables are nested too deeply", 1) from None
    except ValueError as error:
        raise _fault(str(error), text) from None


def _line_of_long_key(text: str) -> int:
    """The line of the first key with too many parts; 0 where there is none."""
    if text.count(".") < _MAX_KEY_PARTS:
        return 0
    line, dots = 1, 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == ".":
            dots += 1
            if dots >= _MAX_KEY_PARTS:
                return line
        elif token in "[]{}=,\n":
            dots = 0
        line += token.count("\n")
    return 0


def _fault(message: str, text: str) -> TomlFault:
    found = _PLACE.search(message)
    if found is None:
        return TomlFault(message[:200], 1)
    line = int(found.group(1)) if found.group(1) else text.count("\n") + (not text.endswith("\n"))
    title = message[: found.start()][:200]
    return TomlFault(title[:1].lower() + title[1:], max(line, 1))


def _spans(text: str) -> Iterator[tuple[Path, Span]]:
    """Walk over a text that is known to be good TOML."""
    table: Path = ()
    counts: dict[Path, int] = {}
    for tokens in _statements(text):
        line = tokens[0][1]
        if tokens[0][0] == "[":
            is_array = len(tokens) > 1 and tokens[1][0] == "["
            table = _within((), _key_parts(tokens), counts, last_is_array=is_array)
            if is_array:
                counts[table] = counts.get(table, -1) + 1
                yield table, Span(line, line, line)
                table = (*table, counts[table])
            yield table, Span(line, line, line)
            continue
        equals = next((place for place, (token, _) in enumerate(tokens) if token == "="), len(tokens) - 1)
        path = _within(table, _key_parts(tokens[:equals]), counts)
        value, value_line = tokens[min(equals + 1, len(tokens) - 1)]
        starts_below = value.startswith(('"""\n', "'''\n"))
        last_token, last_line = tokens[-1]
        yield path, Span(line, value_line + starts_below, last_line + last_token.count("\n"))


def _statements(text: str) -> Iterator[list[tuple[str, int]]]:
    """Group tokens into headers and assignments, without blanks and comments; each token with its line."""
    line = 1
    depth = 0
    statement: list[tuple[str, int]] = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == "\n" and depth == 0:
            if statement:
                yield statement
            statement = []
        elif not token.isspace() and not token.startswith("#"):
            if token in "[{" and statement and statement[0][0] != "[":
                depth += 1
            elif token in "]}" and depth:
                depth -= 1
            statement.append((token, line))
        line += token.count("\n")
    if statement:
        yield statement


def _key_parts(tokens: list[tuple[str, int]]) -> list[str]:
    return [_unquoted(token) for token, _ in tokens if token not in {"[", "]", ".", "="}]


def _unquoted(token: str) -> str:
    if token.startswith("'"):
        return token[1:-1]
    if token.startswith('"'):
        return str(tomllib.loads(f"key = {token}")["key"])
    return token


def _within(table: Path, parts: list[str], counts: dict[Path, int], *, last_is_array: bool = False) -> Path:
    """Extend a path, stepping into the newest element of each array of tables on the way."""
    path = table
    for place, part in enumerate(parts):
        path = (*path, part)
        if path in counts and not (last_is_array and place == len(parts) - 1):
            path = (*path, counts[path])
    return path
