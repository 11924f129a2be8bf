"""Files of rows on this machine: which can be read, by what, and in which order those of a folder come."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from engine.corpus.place import suffix_of
from engine.corpus.spec import TextRows
from engine.data.columnar import read_parquet
from engine.data.json_file import read_json
from engine.data.lines import read_jsonl, unreadable
from engine.data.plain_text import read_text
from engine.data.rows import Item
from engine.data.tables import read_table
from engine.errors import DataFault

Reader = Callable[[Path, int, int], Iterator[Item]]

READERS: Mapping[str, Reader] = {
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
_HASHED_BYTES = 1 << 20


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
        reader = READERS.get(suffix_of(file)) or _ONLY_BY_NAME[suffix_of(file)]
        if reader is read_text:
            return lambda file, first, skip: read_text(file, first, skip, rows=self._text_rows)
        return reader


def _checked(file: Path) -> Path:
    if not file.is_file():
        raise DataFault(f"{file} is not an ordinary file", f"Name a file of {_KINDS}")
    if suffix_of(file) not in READERS and suffix_of(file) not in _ONLY_BY_NAME:
        raise DataFault(f"{file} ends in {suffix_of(file)}, which can't be read here", f"Save it as {_KINDS}")
    if file.suffix == ".gz" and suffix_of(file) == ".parquet":
        raise DataFault(f"{file} is a packed Parquet file", "Unpack it with gunzip")
    return file


def _in_folder(folder: Path, split: str) -> tuple[Path, ...]:
    found = sorted(
        file
        for file in folder.rglob("*")
        if suffix_of(file) in READERS
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
    kinds = Counter(suffix_of(file) for file in found)
    if len({READERS[kind] for kind in kinds}) > 1:
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
