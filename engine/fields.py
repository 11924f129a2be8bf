"""Reading typed fields out of a TOML table: every problem is kept, with its line, and told in words."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from typing import Any

import msgspec

from engine.display import visible_line
from engine.toml import Document, Path

_MAX_SUGGESTIONS = 50
"""Looking for the nearest word takes long, where a file has thousands of unknown keys."""


class Problem(msgspec.Struct, frozen=True):
    """Something in a file that can't be right."""

    line: int
    title: str
    hint: str = ""


class Fields:
    """One table of a document. Each method takes a key, and gives its default where the value is missing or wrong."""

    def __init__(self, document: Document, path: Path, values: dict[str, Any], problems: list[Problem]) -> None:
        """Read from `values`, the table at `path`; problems are added to the list."""
        self._document = document
        self._path = path
        self._values = values
        self.problems = problems
        self._known: list[str] = []

    def __contains__(self, key: object) -> bool:
        """Whether the file has the key, whatever its value."""
        return key in self._values

    def complain(self, key: str, title: str, hint: str = "") -> None:
        """Keep a problem at the line of a key."""
        self.problems.append(Problem(self._document.line((*self._path, key)), title, hint))

    def text(self, key: str, default: str = "") -> str:
        """A string."""
        value = self._take(key)
        if value is None or isinstance(value, str):
            return default if value is None else value
        self._wrong(key, value, "text in quotes")
        return default

    def line_of_text(self, key: str, default: str = "") -> str:
        """A string without line breaks: a name or a label."""
        value = self.text(key, default).strip()
        if "\n" in value:
            self.complain(key, f"{key} has several lines", "It is shown in lists: write it on one line")
            return default
        return value

    def choice(self, key: str, options: tuple[str, ...], default: str) -> str:
        """One of a few words."""
        value = self.text(key, default)
        if value in options:
            return value
        near = _nearest(value, options)
        self.complain(key, f"{key} is {short(value)}", f"{near}It has to be one of: {', '.join(options)}")
        return default

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._take(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self._wrong(key, value, "true or false")
        return default

    def scalar(self, key: str) -> str | int | float | bool | None:
        """A text, a number, or true or false; as it stands in the file."""
        value = self._take(key)
        if value is None or isinstance(value, str | int | float):
            return value
        self._wrong(key, value, "a text or a number")
        return None

    def whole(self, key: str) -> int | None:
        """A whole number."""
        value = self._take(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self._wrong(key, value, "a whole number")
        return None

    def number(self, key: str) -> float | None:
        """A number; neither NaN nor infinite."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value):
            return float(value)
        self._wrong(key, value, "a number")
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; one string alone stands for a list of one."""
        value = self._take(key)
        if isinstance(value, str):
            return (value,)
        if value is None or (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            return tuple(value or ())
        self._wrong(key, value, 'a list of texts, such as ["\\nUser:"]')
        return ()

    def table(self, key: str) -> Fields:
        """A table; an empty one where it is missing or wrong."""
        value = self._take(key)
        if value is not None and not isinstance(value, dict):
            self._wrong(key, value, f"a table: [{'.'.join(map(str, (*self._path, key)))}]")
            value = None
        return Fields(self._document, (*self._path, key), value or {}, self.problems)

    def tables(self, key: str) -> list[Fields]:
        """An array of tables."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._wrong(key, value, f"a list of tables, each under a heading [[{key}]]")
            return []
        path = (*self._path, key)
        return [Fields(self._document, (*path, place), item, self.problems) for place, item in enumerate(value)]

    def names(self) -> tuple[str, ...]:
        """Every key that the file has here."""
        return tuple(self._values)

    def finish(self) -> None:
        """Complain about keys that nobody asked for."""
        known = set(self._known)
        for count, key in enumerate(key for key in self._values if key not in known):
            if count >= _MAX_SUGGESTIONS:
                self.complain(key, f"{short(key)} is not a key")
            else:
                where = f" in [{'.'.join(str(part) for part in self._path if isinstance(part, str))}]"
                hint = f"{_nearest(key, self._known)}Known here: {', '.join(self._known)}"
                self.complain(key, f"{short(key)} is not a key{where if self._path else ''}", hint)

    def _take(self, key: str) -> Any:
        self._known.append(key)
        return self._values.get(key)

    def _wrong(self, key: str, value: object, expected: str) -> None:
        self.complain(key, f"{key} is {kind_of(value)}", f"It has to be {expected}")


def kind_of(value: object) -> str:
    """What a TOML value is, for a sentence."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {short(value)}"
        case int() | float():
            return f"the number {_number(value)}"
        case list():
            return "a list"
        case dict():
            return "a table"
        case datetime.datetime() | datetime.date() | datetime.time():
            return "a date or time"
        case _:
            return "something else"


def short(text: str) -> str:
    """A text in quotes, cut to fit into a sentence and safe to show."""
    line = visible_line(text)
    return f'"{line[:40]}…"' if len(line) > 40 else f'"{line}"'


def nearest(word: str, options: Iterable[str]) -> str:
    """The option most like a mistyped word; empty where none is like it."""
    import difflib

    by_fold = {option.casefold(): option for option in options}
    found = difflib.get_close_matches(word[:100].casefold(), list(by_fold), n=1)
    return by_fold[found[0]] if found else ""


def _nearest(word: str, options: Iterable[str]) -> str:
    found = nearest(word, options)
    return f'Did you mean "{found}"? ' if found else ""


def _number(value: float) -> str:
    if isinstance(value, int) and value.bit_length() > 100:
        return "with more digits than can be used"
    return str(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
