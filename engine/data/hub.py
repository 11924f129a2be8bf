"""Data sets of the hub, and those that the `datasets` library has saved in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.corpus.spec import DataSpec
from engine.data.hub_fetch import fetch
from engine.data.rows import Item, Row
from engine.errors import DataFault, DataNotFound, DiskFull, DownloadFailed, TunesmithError
from engine.models.records import Cancelled as IsCancelled
from engine.models.records import OnProgress, never, no_progress

_BATCH_ROWS = 256


class HubSource:
    """A split of a data set of the `datasets` library: on disk and mapped into memory, or a stream."""

    def __init__(self, name: str, rows: Any, *, streaming: bool, identity: str) -> None:
        """Take a split as the library gives it."""
        self.name = name
        self.rows = rows
        self.streaming = streaming
        self._identity = identity

    def read(self, skip: int = 0) -> Iterator[Item]:
        """All rows in order."""
        rows = self.rows
        if not self.streaming and skip:
            rows = rows.select(range(min(skip, len(rows)), len(rows)))
        elif skip:
            rows = rows.skip(skip)
        row = skip
        try:
            for batch in rows.iter(batch_size=_BATCH_ROWS):
                names = list(batch)
                for values in zip(*batch.values(), strict=True):
                    row += 1
                    yield Row(dict(zip(names, values, strict=True)), row)
        except Exception as error:
            raise in_words(error, self.name) from error

    def identity(self) -> str:
        """A digest of the library's own fingerprint, or of the name of a stream."""
        return hashlib.blake2b(self._identity.encode(), digest_size=16).hexdigest()

    def label_names(self, column: str) -> tuple[str, ...]:
        """The names of a ClassLabel."""
        features = self.rows.features or {}
        return tuple(getattr(features.get(column), "names", None) or ())


def open_hub(spec: DataSpec, on_fetch: OnProgress = no_progress, cancelled: IsCancelled = never) -> HubSource:
    """Find a data set of the hub, downloading it where it is not in the cache.

    Args:
        spec: Its name, and which part of it.
        on_fetch: Told about ten times a second how far a download has come.
        cancelled: Asked as often.

    Raises:
        DataNotFound: There is none, or it has no such config or split.
        DownloadFailed: The hub can't be reached.
        DataFault: It can't be read.
        Cancelled: `cancelled` said so.
    """
    from datasets import load_dataset

    _quiet()
    try:
        if spec.streaming:
            whole = load_dataset(spec.source, spec.config or None, streaming=True)
        else:
            whole = fetch(spec.source, spec.config, on_progress=on_fetch, cancelled=cancelled)
        split = pick_split(spec.source, list(whole), spec.split)
        rows = _undecoded(whole[split])
    except TunesmithError:
        raise
    except Exception as error:
        raise in_words(error, spec.source) from error
    identity = f"{spec.source} {spec.config} {split} stream" if spec.streaming else str(rows._fingerprint)
    name = f"{spec.source} ({split})"
    return HubSource(name, rows, streaming=spec.streaming, identity=identity)


def open_saved(folder: Path, spec: DataSpec) -> HubSource:
    """Open what `save_to_disk` wrote.

    Raises:
        DataFault: It can't be read, or has no such split.
    """
    from datasets import DatasetDict, load_from_disk

    _quiet()
    try:
        whole = load_from_disk(str(folder))
    except Exception as error:
        raise DataFault(f"{folder} can't be read: {_sentence(error)}", "Save the data set again") from error
    rows = whole
    if isinstance(whole, DatasetDict):
        rows = whole[pick_split(str(folder), list(whole), spec.split)]
    return HubSource(str(folder), _undecoded(rows), streaming=False, identity=str(rows._fingerprint))


def pick_split(name: str, there: Sequence[str], wanted: str) -> str:
    """The split that is meant: the one that is named, else train, else the only one.

    Raises:
        DataNotFound: It is not clear which.
    """
    listed = ", ".join(there)
    if wanted:
        if wanted in there:
            return wanted
        raise DataNotFound(f"{name} has no split {wanted}", f"It has {listed}")
    if "train" in there:
        return "train"
    if len(there) == 1:
        return there[0]
    raise DataNotFound(f"{name} has several splits: {listed}", "Name one with --split")


def in_words(error: Exception, name: str) -> TunesmithError:
    """Turn an error of the library or the network into one that says what to do."""
    import errno

    from datasets.exceptions import DataFilesNotFoundError, DatasetNotFoundError
    from huggingface_hub.errors import OfflineModeIsEnabled

    words = _sentence(error)
    chain = list(_chain(error))
    if any(isinstance(one, OSError) and one.errno == errno.ENOSPC for one in chain):
        return DiskFull(
            f"The disk became full while {name} was read", "Free some space, or set HF_HOME to another disk"
        )
    if any(isinstance(one, OfflineModeIsEnabled) for one in chain) or "offline" in words.lower():
        return DownloadFailed(
            f"The data set {name} is not here, and HF_HUB_OFFLINE forbids downloads",
            "Unset HF_HUB_OFFLINE, or name a local file",
        )
    if "gated" in words:
        return DownloadFailed(
            f"The data set {name} is only for who accepted its terms", "Accept them on its page, and set HF_TOKEN"
        )
    if any(_is_network(one) for one in chain):
        return DownloadFailed("The hub can't be reached", "Check the network, and try again")
    if isinstance(error, DataFilesNotFoundError):
        return DataFault(f"{name} on the hub holds no files that can be read", "Pick another data set")
    if isinstance(error, DatasetNotFoundError):
        return DataNotFound(
            f"There is no data set {name} on the hub, and no such file here",
            "Check the spelling (owner/name); a private one needs HF_TOKEN",
        )
    if "scripts are no longer supported" in words:
        return DataFault(
            f"{name} can only be read by running Python code that comes with it",
            "That is never done here. Look for a copy of it in Parquet",
        )
    if "onfig name is missing" in words or "BuilderConfig" in words:
        return DataNotFound(f"{name} comes in several forms: {words}", "Name one with --config")
    return DataFault(f"The data set {name} can't be read: {words}", "The log has the details")


def _undecoded(rows: Any) -> Any:
    """Leave pictures and sounds alone: they are not text, and decoding them needs libraries that are not here."""
    return rows.decode(False) if hasattr(rows, "decode") else rows


def _quiet() -> None:
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()


def _is_network(error: BaseException) -> bool:
    from engine.models.hub_errors import is_network_error

    return is_network_error(error)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _sentence(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:300] if lines else type(error).__name__
