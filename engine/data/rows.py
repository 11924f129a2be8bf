"""A row as a source gives it out."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.corpus.report import Fault, FaultKind

MAX_ROW_BYTES = 16 * 1024 * 1024
"""A longer row is a fault: most are a file without line ends, or a quote that is never closed."""
SHOWN_CHARACTERS = 60


class Row(msgspec.Struct, frozen=True):
    """The columns of one row, and where it stands."""

    values: dict[str, Any]
    row: int
    """Counted from 1 over the whole source."""
    file: str = ""
    line: int = 0
    begins: bool = True
    """False: it goes on where the row before ended, as a part of a long text."""
    ends: bool = True


Item = Row | Fault
"""What stands at one place of a source."""


def fault_at(
    where: Row | Place, kind: FaultKind, found: str, expected: str = "", hint: str = "", *, column: str = ""
) -> Fault:
    """Make the fault of a row.

    Args:
        where: The row, or its place where it could not be read.
        kind: What sort of fault.
        found: What is there, as the end of "found …".
        expected: What should be, as the end of "expected …".
        hint: What to do.
        column: The column, where it is in one.
    """
    return Fault(
        kind=kind,
        row=where.row,
        file=where.file,
        line=where.line,
        column=column,
        found=found,
        expected=expected,
        hint=hint,
    )


class Place(msgspec.Struct, frozen=True):
    """Where something stands that could not be read as a row."""

    row: int
    file: str = ""
    line: int = 0


def label_key(value: Any) -> str | None:
    """A label as text, so that 1, "1" and 1.0 are the same; None for what can't be a label."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else str(value)
        case str():
            return value.strip() or None
        case _:
            return None
