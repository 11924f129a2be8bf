"""Where rows come from: files, folders, the hub. Found once, then read as often as need be."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Protocol

from engine.corpus.place import find_local
from engine.corpus.spec import DataSpec
from engine.data.files import FileSource
from engine.data.rows import Item
from engine.models.records import Cancelled as IsCancelled
from engine.models.records import OnProgress, never, no_progress

_SAVED = ("dataset_info.json", "dataset_dict.json")
"""What `save_to_disk` leaves in a folder."""


class Source(Protocol):
    """Rows that can be read from the start any number of times."""

    name: str
    """What to call it."""

    def read(self, skip: int = 0) -> Iterator[Item]:
        """All rows and faults in order, without the first `skip`."""
        ...

    def identity(self) -> str:
        """A digest that changes with the content."""
        ...

    def label_names(self, column: str) -> tuple[str, ...]:
        """What the source itself calls the labels 0, 1, … of a column; empty where it does not say."""
        ...


def open_source(
    spec: DataSpec,
    environ: Mapping[str, str] = os.environ,
    *,
    on_fetch: OnProgress = no_progress,
    cancelled: IsCancelled = never,
) -> Source:
    """Find what a spec names.

    Args:
        spec: What to read.
        environ: Where the home folder is.
        on_fetch: Told how far a download from the hub has come.
        cancelled: Asked while it goes on.

    Raises:
        DataNotFound: There is no such file, folder or hub data set.
        DataFault: It has no rows that can be read.
        DownloadFailed: The hub can't be reached.
    """
    path = find_local(spec.source, environ)
    if path is None:
        from engine.data.hub import open_hub

        return open_hub(spec, on_fetch, cancelled)
    if any((path / name).is_file() for name in _SAVED):
        from engine.data.hub import open_saved

        return open_saved(path, spec)
    return FileSource(path, spec.split, spec.text_rows)
