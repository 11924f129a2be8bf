"""From a row to what is in it, whatever its columns are called; or to a fault."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.corpus.report import Fault, FaultKind
from engine.corpus.spec import Columns
from engine.data.labels import Labels
from engine.data.lines import kind_in_words
from engine.data.rows import Row, fault_at
from engine.display import visible_line
from engine.fields import nearest, short
from engine.protocol import Role, Turn

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
}
_NUL_HINT = "Take it away: it is mostly left by a crash, or by text in UTF-16"


class Content(msgspec.Struct, frozen=True):
    """What a row says."""

    row: Row
    turns: tuple[Turn, ...] = ()
    """The conversation up to the last reply, which is what is learned; empty for raw text."""
    text: str = ""
    """Raw text."""
    label: int | None = None
    """The place of the label among all."""
    variables: dict[str, str] = {}
    """Of the template, from columns of the same name."""


class Shaper:
    """Reads rows of one shape."""

    def __init__(self, columns: Columns, labels: Labels | None = None, variables: tuple[str, ...] = ()) -> None:
        """Look for these columns.

        Args:
            columns: Which they are.
            labels: All that there may be, for labelled rows; None takes any.
            variables: Names of columns that fill in a template's variables.
        """
        self._columns = columns
        self._labels = labels
        self._variables = tuple(name for name in variables if name not in columns.used)

    def shape(self, row: Row) -> Content | Fault:
        """Take a row apart."""
        try:
            return self._shape(row)
        except _Faulty as faulty:
            return faulty.fault

    def _shape(self, row: Row) -> Content:
        columns = self._columns
        variables = {
            name: _checked(row, name, value) for name in self._variables if (value := row.values.get(name)) is not None
        }
        match columns.shape:
            case "text":
                return Content(row, text=_text(row, columns.text))
            case "chat":
                return Content(row, turns=_turns(row, columns.messages), variables=variables)
            case "labelled":
                place, word = self._label(row)
                turns = _exchange(_text(row, columns.text), word)
                return Content(row, turns=turns, label=place, variables=variables)
            case "instruction":
                message = _text(row, columns.prompt)
                if columns.input and (about := row.values.get(columns.input)) is not None:
                    about = _checked(row, columns.input, about)
                    message = f"{message.rstrip()}\n\n{about}" if about.strip() else message
                return Content(row, turns=_exchange(message, _text(row, columns.completion)), variables=variables)
            case "completion":
                prompt = _text(row, columns.prompt, may_be_empty=True)
                return Content(row, turns=_exchange(prompt, _text(row, columns.completion)), variables=variables)

    def _label(self, row: Row) -> tuple[int | None, str]:
        column = self._columns.label
        value = _value(row, column)
        if self._labels is None:
            return None, str(value)
        place = self._labels.place(value)
        if place is None:
            known = ", ".join(self._labels.keys[:12])
            hint = f"Correct it{_meant(value, self._labels.keys)}, or name another column with --label-column"
            raise _Faulty(fault_at(row, "unknown-label", _found(value), f"one of {known}", hint, column=column))
        return place, self._labels.words[place]


class _Faulty(Exception):
    """Carries a fault out of a row."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault


def _value(row: Row, column: str) -> Any:
    value = row.values.get(column)
    if value is None:
        missing = column not in row.values
        has = ", ".join(visible_line(str(name)) for name in list(row.values)[:8]) or "none"
        found = f"only the columns {has}" if missing else "null"
        near = nearest(column, [str(name) for name in row.values]) if missing else ""
        hint = f'Rename "{visible_line(near)}" to "{visible_line(column)}"' if near else "Fill it in, or delete the row"
        raise _Faulty(fault_at(row, "missing-column", found, "a value", hint, column=column))
    return value


def _text(row: Row, column: str, *, may_be_empty: bool = False) -> str:
    text = _checked(row, column, _value(row, column))
    if not text.strip() and not may_be_empty:
        found = "an empty text" if not text else "nothing but blanks"
        raise _Faulty(fault_at(row, "empty", found, "text", "Fill it in, or delete the row", column=column))
    return text


def _checked(row: Row, column: str, value: Any) -> str:
    if not isinstance(value, str):
        hint = "Put it in quotes" if isinstance(value, int | float) else "Write it as text, or name another column"
        raise _Faulty(fault_at(row, "wrong-type", kind_in_words(value), "text", hint, column=column))
    if "\0" in value:
        raise _Faulty(fault_at(row, "nul-character", "a NUL character", "text", _NUL_HINT, column=column))
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        found = "half of a character (a surrogate without its other half)"
        raise _Faulty(fault_at(row, "not-utf8", found, "text", "Write the character whole", column=column))
    return value


def _exchange(message: str, reply: str) -> tuple[Turn, ...]:
    return (Turn(role="user", text=message), Turn(role="assistant", text=reply))


def _turns(row: Row, column: str) -> tuple[Turn, ...]:
    """The messages up to the last reply; what comes after it teaches nothing."""
    messages = _value(row, column)
    if not isinstance(messages, list):
        hint = 'Write them as [{"role": "user", "content": "…"}, …]'
        raise _Faulty(fault_at(row, "wrong-type", kind_in_words(messages), "a list of messages", hint, column=column))
    turns = [_turn(row, column, number, message) for number, message in enumerate(messages, 1)]
    while turns and turns[-1].role != "assistant":
        turns.pop()
    if not any(turn.role == "assistant" and turn.text.strip() for turn in turns):
        found = "no message of the assistant" if messages else "an empty list"
        hint = "Add the reply that is to be learned, or delete the row"
        kind: FaultKind = "bad-turns" if messages else "empty"
        raise _Faulty(fault_at(row, kind, found, "at least one reply", hint, column=column))
    return tuple(turns)


def _turn(row: Row, column: str, number: int, message: Any) -> Turn:
    if not isinstance(message, dict):
        found = f"{kind_in_words(message)} as message {number}"
        hint = 'Write it as {"role": "user", "content": "…"}'
        raise _Faulty(fault_at(row, "bad-turns", found, "an object", hint, column=column))
    role_key, text_key = ("from", "value") if "from" in message and "role" not in message else ("role", "content")
    role = message.get(role_key)
    known = _ROLES.get(role.strip().casefold()) if isinstance(role, str) else None
    if known is None:
        found = f"the role {_found(role)} in message {number}"
        hint = "Tool calls can't be trained on here: leave them out" if role in ("tool", "function") else "Correct it"
        raise _Faulty(fault_at(row, "bad-turns", found, "system, user or assistant", hint, column=column))
    return Turn(role=known, text=_message_text(row, column, number, message.get(text_key)))


def _message_text(row: Row, column: str, number: int, content: Any) -> str:
    """A text, or a list of parts that are texts."""
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        content = "".join(str(part.get("text") or "") for part in content)
    if not isinstance(content, str):
        found = f"{kind_in_words(content)} as the content of message {number}"
        hint = "Pictures, sounds and tool calls can't be trained on here: leave them out"
        raise _Faulty(fault_at(row, "bad-turns", found, "text", hint, column=column))
    return _checked(row, column, content)


def _found(value: Any) -> str:
    return short(value) if isinstance(value, str) else kind_in_words(value)


def _meant(value: Any, keys: tuple[str, ...]) -> str:
    near = nearest(value, keys) if isinstance(value, str) else ""
    return f' (to "{near}"?)' if near else ""
