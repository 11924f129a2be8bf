"""Parquet files, read a group of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.data.rows import Item, Row
from engine.errors import DataFault

_BATCH_ROWS = 256


def read_parquet(file: Path, first: int = 1, skip: int = 0) -> Iterator[Item]:
    """Read a Parquet file.

    Args:
        file: The file.
        first: What number its first row has.
        skip: So many rows are passed over; whole groups of rows are not even read.

    Raises:
        DataFault: It can't be read.
    """
    from pyarrow import ArrowException

    row = first
    try:
        opened, groups, passed = _groups_behind(file, skip)
        row += passed
        for batch in opened.iter_batches(batch_size=_BATCH_ROWS, row_groups=groups):
            if row + batch.num_rows - first <= skip:
                row += batch.num_rows
                continue
            for values in batch.to_pylist():
                if row - first >= skip:
                    yield Row(values, row, file.name)
                row += 1
    except (ArrowException, OSError, ValueError) as error:
        words = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DataFault(f"{file} can't be read as Parquet: {words}", "Write or download the file again") from error


def _groups_behind(file: Path, skip: int) -> tuple[Any, list[int], int]:
    """The file, its groups of rows that are not skipped as a whole, and how many rows the skipped ones have."""
    from pyarrow.parquet import ParquetFile

    opened = ParquetFile(file)
    groups = list(range(opened.metadata.num_row_groups))
    passed = 0
    while groups and passed + (rows := opened.metadata.row_group(groups[0]).num_rows) <= skip:
        passed += rows
        groups.pop(0)
    return opened, groups, passed
