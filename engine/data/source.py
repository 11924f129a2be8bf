"""Where rows come from: files, folders, the hub. Found once, then read as often as need be."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from engine.corpus.spec import DataSpec, TextRows
from engine.data.columnar import read_parquet
from engine.data.json_file import read_json
from engine.data.lines import read_jsonl, unreadable
from engine.data.plain_text import read_text
from engine.data.rows import Item
from engine.data.tables import read_table
from engine.errors import DataFault, DataNotFound
from engine.models.records import Cancelled as IsCancelled
from engine.models.records import OnProgress, never, no_progress

Reader = Callable[[Path, int, int], Iterator[Item]]

_READERS: Mapping[str, Reader] = {
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".csv": read_table,
    ".tsv": read_table,
    ".parquet": read_parquet,
    ".txt": read_text,
    ".text": read_text,
}
_ONLY_BY_NAME: Mapping[str, Reader] = {".md": read_text, ".rst": read_text, ".log": read_text, "": read_text}
"""Read where somebody names the file, not where it lies in a folder beside the data."""
_KINDS = "JSONL, JSON, CSV, TSV, Parquet or plain text"
_SPLITS = {
    "validation": ("validation", "valid", "val", "dev", "eval"),
    "train": ("train", "training"),
    "test": ("test",),
}
_SAVED = ("dataset_info.json", "dataset_dict.json")
"""What `save_to_disk` leaves in a folder."""
_HASHED_BYTES = 1 << 20


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
    path = _local(spec.source, environ)
    if path is None:
        from engine.data.hub import open_hub

        return open_hub(spec, on_fetch, cancelled)
    if any((path / name).is_file() for name in _SAVED):
        from engine.data.hub import open_saved

        return open_saved(path, spec)
    return FileSource(path, spec.split, spec.text_rows)


class FileSource:
    """A file, or the files of one kind in a folder, one after another."""

    def __init__(self, path: Path, split: str = "", text_rows: TextRows = "document") -> None:
        """Find the files.

        Raises:
            DataFault: None can be read, or they are of several kinds.
        """
        self.name = str(path)
        self.files = _in_folder(path, split) if path.is_dir() else (_checked(path),)
        self._text_rows: TextRows = text_rows

    def read(self, skip: int = 0) -> Iterator[Item]:
        """All rows and faults in order."""
        row = 1
        for file in self.files:
            # How many rows a file has is known when it was read through; behind the last one nobody asks.
            rest = max(0, skip - row + 1) if file is self.files[-1] else 0
            for item in self._reader(file)(file, row, rest):
                row = item.row + 1
                if item.row > skip:
                    yield item

    def identity(self) -> str:
        """A digest of the files' bytes."""
        digest = hashlib.blake2b(self._text_rows.encode(), digest_size=16)
        for file in self.files:
            digest.update(f"{file.name} {file.stat().st_size}\0".encode("utf-8", "surrogateescape"))
            try:
                with file.open("rb") as stream:
                    while chunk := stream.read(_HASHED_BYTES):
                        digest.update(chunk)
            except OSError as error:
                raise unreadable(file, error) from error
        return digest.hexdigest()

    def label_names(self, column: str) -> tuple[str, ...]:
        """Files don't say."""
        del column
        return ()

    def _reader(self, file: Path) -> Reader:
        reader = _READERS.get(_suffix(file)) or _ONLY_BY_NAME[_suffix(file)]
        if reader is read_text:
            return lambda file, first, skip: read_text(file, first, skip, rows=self._text_rows)
        return reader


def _local(source: str, environ: Mapping[str, str]) -> Path | None:
    """The path that a source names; None where it can only be a hub name."""
    if not source.strip():
        raise DataNotFound("No data was named", "Name a file, a folder, or a hub data set such as imdb")
    home = environ.get("HOME") or environ.get("USERPROFILE")
    path = Path(home, source[2:]) if home and source.startswith("~/") else Path(source)
    try:
        if path.exists():
            return path.absolute()
    except (OSError, ValueError):
        raise DataNotFound("The source is no path and no name that a data set can have", "Check it") from None
    looks_local = source.startswith((".", "/", "~", "\\")) or source.count("/") > 1 or _suffix(path) in _READERS
    if looks_local:
        raise DataNotFound(f"There is no file or folder {source}", "Check the path")
    return None


def _suffix(file: Path) -> str:
    return Path(file.name.lower().removesuffix(".gz")).suffix


def _checked(file: Path) -> Path:
    if not file.is_file():
        raise DataFault(f"{file} is not an ordinary file", f"Name a file of {_KINDS}")
    if _suffix(file) not in _READERS and _suffix(file) not in _ONLY_BY_NAME:
        raise DataFault(f"{file} ends in {_suffix(file)}, which can't be read here", f"Save it as {_KINDS}")
    if file.suffix == ".gz" and _suffix(file) == ".parquet":
        raise DataFault(f"{file} is a packed Parquet file", "Unpack it with gunzip")
    return file


def _in_folder(folder: Path, split: str) -> tuple[Path, ...]:
    found = sorted(
        file
        for file in folder.rglob("*")
        if _suffix(file) in _READERS
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )
    if not found:
        raise DataFault(f"{folder} holds no file that can be read", f"It takes files of {_KINDS}")
    splits = {file: _split_of(file.relative_to(folder)) for file in found}
    there = sorted({name for name in splits.values() if name})
    if split or there:
        wanted = split or ("train" if "train" in there else there[0])
        kept = [file for file in found if splits[file] == _canonical(wanted)]
        if not kept and split:
            known = f"It has {', '.join(there)}" if there else "Name files train.jsonl, test.jsonl and so on"
            raise DataFault(f"{folder} has no split {split}", known)
        found = kept or found
    kinds = Counter(_suffix(file) for file in found)
    if len({_READERS[kind] for kind in kinds}) > 1:
        listed = " and ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        raise DataFault(f"{folder} holds files of several kinds: {listed}", "Name one file, or a folder with one kind")
    return tuple(found)


def _split_of(file: Path) -> str:
    """The split that a file's name or folder tells: train.jsonl, train-00000-of-00002.parquet, test/a.csv."""
    for part in (*file.parts[:-1], file.name.split(".")[0]):
        for word in part.lower().replace("_", "-").split("-"):
            if (name := _canonical(word)) in _SPLITS:
                return name
    return ""


def _canonical(split: str) -> str:
    word = split.lower()
    return next((name for name, words in _SPLITS.items() if word in words), word)
