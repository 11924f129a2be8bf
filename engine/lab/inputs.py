"""Where rows come from: a file, with the columns that are meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any

from engine.corpus.report import Fault as RowFault
from engine.data.files import FileSource
from engine.data.rows import label_key
from engine.errors import DataFault, DataNotFound
from engine.fields import nearest, short
from engine.lab.records import Row
from engine.protocol import Frozen

MAX_ROWS = 100_000
_LOOKED_AT = 100
"""Rows by whose columns it is decided which are meant: the first alone may lack some."""
_INPUT_NAMES = ("input", "text", "prompt", "question", "message", "instruction")
_REFERENCE_NAMES = ("reference", "output", "completion", "answer", "response", "target")
_LABEL_NAMES = ("label",)


class DataFile(Frozen, frozen=True):
    """Which rows of which file."""

    file: Path
    """JSONL, JSON, CSV, TSV, Parquet, or text with an input on each line."""
    input: str = ""
    """The column; empty guesses it by its name."""
    reference: str = ""
    label: str = ""
    limit: int = 0
    """So many from the start; 0 takes all."""
    skip: int = 0


def read_rows(data: DataFile) -> tuple[Row, ...]:
    """Read the rows.

    Raises:
        DataNotFound: There is no such file.
        DataFault: It can't be read, a column is missing, or a row has no input.
    """
    try:
        is_there, is_folder = data.file.exists(), data.file.is_dir()
    except (OSError, ValueError):  # a name too long, or with a null byte
        is_there = is_folder = False
    if is_folder:
        raise DataFault(f"{data.file} is a folder", "Name one of its files")
    if not is_there:
        raise DataNotFound(f"There is no file {data.file}", "Check the path; it counts from the folder of the spec")
    rows: list[Row] = []
    items = FileSource(data.file, text_rows="line").read(data.skip)
    looked_at = list(islice(items, _LOOKED_AT))
    names = dict.fromkeys(name for item in looked_at if not isinstance(item, RowFault) for name in item.values)
    columns: tuple[str, str, str] | None = None
    for item in chain(looked_at, items):
        if isinstance(item, RowFault):
            raise DataFault(f"{data.file}, row {item.row}: {item.found}", item.hint or "Mend the row")
        columns = columns or _columns(data, names)
        rows.append(_row(data.file, item.row, item.values, columns))
        if len(rows) == data.limit:
            break
        if len(rows) > MAX_ROWS:
            raise DataFault(
                f"{data.file} has more than {MAX_ROWS:,} rows", "Take some of them, with limit under [data]"
            )
    if not rows:
        raise DataFault(f"{data.file} has no rows", "Take another file, or skip fewer")
    return tuple(rows)


def _columns(data: DataFile, values: Collection[str]) -> tuple[str, str, str]:
    """The columns of inputs, references and labels; empty where there is none."""
    for name in (data.input, data.reference, data.label):
        if name and name not in values:
            near = nearest(name, values)
            hint = f'Did you mean "{near}"? ' if near else ""
            raise DataFault(f"{data.file} has no column {short(name)}", f"{hint}It has {', '.join(map(short, values))}")
    found = data.input or _first(_INPUT_NAMES, values)
    if not found:
        raise DataFault(
            f"Which column of {data.file} holds the inputs can't be told by its name",
            f'Name it under [data], as input = "…". It has {", ".join(map(short, values))}',
        )
    rest = [name for name in values if name != found]
    return found, data.reference or _first(_REFERENCE_NAMES, rest), data.label or _first(_LABEL_NAMES, rest)


def _first(names: Iterable[str], values: Iterable[str]) -> str:
    there = list(values)
    return next((name for name in names if name in there), "")


def _row(file: Path, number: int, values: dict[str, Any], columns: tuple[str, str, str]) -> Row:
    text, reference, label = (values.get(name) if name else None for name in columns)
    if not isinstance(text, str) or not text.strip():
        raise DataFault(f"{file}, row {number}: {short(columns[0])} is not text", "Give each row an input")
    return Row(
        input=text,
        # The right answer to a sum is a number in many a file.
        reference=reference if isinstance(reference, str) else label_key(reference) or "",
        label=label_key(label) or "",
    )
