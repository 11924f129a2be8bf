"""Prepared rows on disk: an Arrow file, mapped into memory so that reading a row costs no more than its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.data.encoding import Piece

_BATCH_ROWS = 1000


class RowWriter:
    """Writes an Arrow stream; nothing but a batch is kept in memory."""

    def __init__(self, file: Path) -> None:
        """Begin a file."""
        import pyarrow as pa

        numbers = pa.list_(pa.int32())
        self._schema = pa.schema(
            {
                "input_ids": numbers,
                "labels": numbers,
                "row": pa.int64(),
                "label": pa.int32(),
                "digest": pa.uint64(),
            }
        )
        self._sink = pa.OSFile(str(file), "wb")
        self._stream = pa.ipc.new_stream(self._sink, self._schema)
        self._columns: dict[str, list[Any]] = {name: [] for name in self._schema.names}

    def add(self, piece: Piece, *, row: int, label: int, digest: int) -> None:
        """Append a piece."""
        values = (piece.ids, piece.labels, row, label, digest)
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(value)
        if len(self._columns["row"]) == _BATCH_ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is left, and end the file."""
        self._flush()
        self._stream.close()
        self._sink.close()

    def abandon(self) -> None:
        """Let go of the file, whatever its state."""
        self._sink.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._columns["row"]:
            return
        arrays = [pa.array(self._columns[field.name], type=field.type) for field in self._schema]
        self._stream.write_batch(pa.record_batch(arrays, schema=self._schema))
        for column in self._columns.values():
            column.clear()


class Rows:
    """Prepared rows, or some of them. Each is a dict with `input_ids` and `labels`, two lists of the same length.

    Labels are the ids of the tokens that are learned and -100 elsewhere; `label` is the place of a labelled row's
    label, -1 for other rows; `row` counts from 1 in the source.
    """

    def __init__(self, file: Path, places: Any = None) -> None:
        """Open a file.

        Args:
            file: As `RowWriter` writes it.
            places: Which rows, as an array of whole numbers; None takes all.
        """
        import numpy as np
        import pyarrow as pa

        self._file = file
        with pa.memory_map(str(file)) as source:
            self._batches = pa.ipc.open_stream(source).read_all().to_batches()
        sizes = [batch.num_rows for batch in self._batches]
        self._starts = np.cumsum([0, *sizes])
        self._places = np.arange(self._starts[-1]) if places is None else np.asarray(places, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int, /) -> dict[str, Any]:
        batch, place = self._find(index)
        return {name: batch.column(name)[place].as_py() for name in ("input_ids", "labels", "row", "label")}

    def __reduce__(self) -> tuple[Any, ...]:
        return Rows, (self._file, self._places)

    @property
    def lengths(self) -> list[int]:
        """Of each row, in tokens."""
        import numpy as np

        if not self._batches:
            return []
        every = [np.diff(batch.column("input_ids").offsets.to_numpy()) for batch in self._batches]
        found: list[int] = np.concatenate(every)[self._places].tolist()
        return found

    @property
    def digests(self) -> Any:
        """Of what the model sees in each row, 64-bit numbers `(N,)`: pieces and duplicates of a row share one."""
        import numpy as np

        if not self._batches:
            return np.zeros(0, dtype=np.uint64)
        return np.concatenate([batch.column("digest").to_numpy() for batch in self._batches])[self._places]

    def count_source_rows(self) -> int:
        """How many rows of the source these are; the pieces of a long text are one."""
        import numpy as np

        if not len(self):
            return 0
        numbers = np.concatenate([batch.column("row").to_numpy() for batch in self._batches])
        return len(np.unique(numbers[self._places]))

    def count_trained(self) -> int:
        """How many tokens the loss is taken on."""
        import numpy as np

        total = 0
        wanted = np.zeros(int(self._starts[-1]), dtype=bool)
        wanted[self._places] = True
        for start, batch in zip(self._starts, self._batches, strict=False):
            labels = batch.column("labels")
            offsets = labels.offsets.to_numpy()
            counted = np.cumsum(np.concatenate(([0], labels.values.to_numpy() != -100)))
            each = counted[offsets[1:]] - counted[offsets[:-1]]
            total += int(each[wanted[start : start + batch.num_rows]].sum())
        return total

    def select(self, places: Sequence[int] | Any) -> Rows:
        """Some of these rows."""
        return Rows(self._file, self._places[places])

    def _find(self, index: int) -> tuple[Any, int]:
        import numpy as np

        if not -len(self) <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        place = int(self._places[index])
        batch = int(np.searchsorted(self._starts, place, side="right")) - 1
        return self._batches[batch], place - int(self._starts[batch])
