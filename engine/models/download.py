"""A model from the hub into its cache, with progress, in words where it fails, and to be left at any moment."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from engine.errors import Cancelled
from engine.models.background import run_in_background
from engine.models.eta import Speedometer
from engine.models.folder import check_config, read_config
from engine.models.hub_cache import INCOMPLETE, CachedRepo, cached_repo, find_hub_cache
from engine.models.hub_errors import connection_lost, in_words, is_network_error, offline, too_small
from engine.models.hub_files import HubFile, HubListing, endpoint_of, is_offline, list_files
from engine.models.records import Cancelled as CancelCheck
from engine.models.records import OnProgress, Progress
from engine.models.transfer import Source, fetch, is_right

_LOCK_POLL_S = 0.2
_SPARE_BYTES = 50_000_000
"""Stays free on the disk."""


class Patience(msgspec.Struct, frozen=True):
    """How hard to try."""

    attempts: int = 5
    first_wait_s: float = 0.5


def download(
    name: str,
    *,
    gguf: str = "",
    environ: Mapping[str, str] = os.environ,
    on_progress: OnProgress,
    cancelled: CancelCheck,
    clock: Callable[[], float] = time.monotonic,
    patience: Patience | None = None,
) -> Path:
    """Fetch what is missing of a model, going on where an earlier download was cut.

    Args:
        name: The model's name on the hub.
        gguf: The one GGUF file to fetch; empty for the safetensors model.
        environ: HF_ENDPOINT, HF_HUB_OFFLINE and where the cache is.
        on_progress: Called on this thread about ten times a second.
        cancelled: Asked as often.
        clock: Seconds, for the speed.
        patience: How often to try again when the connection breaks.

    Returns:
        The snapshot's folder; with `gguf`, that file in it.

    Raises:
        Cancelled: `cancelled` said so; what has come is kept.
        ModelNotFound, DownloadFailed, DiskFull, Refused, LoadFailed: As their words say.
    """
    if is_offline(environ):
        raise offline(name)
    job = _Job(name, gguf, environ, patience or Patience())
    speedometer = Speedometer()

    def tick() -> None:
        on_progress(job.progress(speedometer, clock()))

    tick()
    return run_in_background(job.run, tick=tick, cancelled=cancelled)


class _Job:
    """One download; `run` is on a thread, `progress` is asked by another."""

    def __init__(self, name: str, gguf: str, environ: Mapping[str, str], patience: Patience) -> None:
        self._name = name
        self._gguf = gguf
        self._environ = environ
        self._patience = patience
        self._repo = cached_repo(find_hub_cache(environ), name)
        self._endpoint = endpoint_of(environ)
        self._file = ""
        self._total_bytes = 0
        self._before_bytes = 0
        self._file_bytes = 0

    def progress(self, speedometer: Speedometer, now_s: float) -> Progress:
        if not self._total_bytes:
            return Progress(stage="finding")
        done = self._before_bytes + self._file_bytes
        pace = speedometer.read(now_s, done, self._total_bytes)
        return Progress(
            stage="downloading",
            file=self._file,
            done_bytes=done,
            total_bytes=self._total_bytes,
            bytes_per_s=pace.bytes_per_s,
            eta_s=pace.eta_s,
        )

    def run(self, stop: threading.Event) -> Path:
        try:
            listing = list_files(self._name, self._gguf, self._environ)
            if stop.is_set():
                raise Cancelled("Cancelled")
            with _locked(self._repo, stop):
                return self._fetch_all(listing, stop)
        except Exception as error:
            if is_network_error(error) and self._file:
                raise connection_lost(self._name, self._before_bytes + self._file_bytes, self._total_bytes) from error
            raise in_words(error, self._name, self._endpoint) from error

    def _fetch_all(self, listing: HubListing, stop: threading.Event) -> Path:
        snapshot = self._repo.snapshot(listing.commit)
        missing = [file for file in listing.files if not is_right(file, self._repo.blobs / file.etag, stop)]
        self._check_space(missing)
        self._before_bytes = listing.total_bytes - sum(file.size_bytes for file in missing)
        self._total_bytes = listing.total_bytes
        for file in listing.files:
            if file.is_weights and not self._gguf:
                check_config(read_config(snapshot, self._name), self._name)
            if file in missing:
                self._fetch(file, listing.commit, stop)
            _link(self._repo.blobs / file.etag, snapshot / file.name)
        self._repo.set_main(listing.commit)
        return snapshot / self._gguf if self._gguf else snapshot

    def _fetch(self, file: HubFile, commit: str, stop: threading.Event) -> None:
        from huggingface_hub import hf_hub_url

        self._file = file.name
        url = hf_hub_url(self._name, file.name, revision=commit, endpoint=self._endpoint)
        blob = self._repo.blobs / file.etag
        blob.unlink(missing_ok=True)  # it is there and wrong
        source = Source(
            model=self._name, url=url, attempts=self._patience.attempts, first_wait_s=self._patience.first_wait_s
        )
        fetch(file, blob, source, stop=stop, on_bytes=self._on_bytes)
        self._before_bytes, self._file_bytes = self._before_bytes + file.size_bytes, 0

    def _on_bytes(self, done_bytes: int) -> None:
        self._file_bytes = done_bytes

    def _check_space(self, missing: list[HubFile]) -> None:
        have = sum(_size(self._repo.blobs / (file.etag + INCOMPLETE)) for file in missing)
        need = sum(file.size_bytes for file in missing) - have
        folder = next(path for path in (self._repo.folder, *self._repo.folder.parents) if path.exists())
        free = shutil.disk_usage(folder).free
        if missing and need + _SPARE_BYTES > free:
            raise too_small(folder, need, free)


@contextmanager
def _locked(repo: CachedRepo, stop: threading.Event) -> Iterator[None]:
    """Wait until no other process fetches the same model."""
    from filelock import FileLock, Timeout

    file = repo.folder.parent / ".locks" / repo.folder.name / "tunesmith.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file)
    while True:
        if stop.is_set():
            raise Cancelled("Cancelled")
        try:
            lock.acquire(timeout=_LOCK_POLL_S)
        except Timeout:
            continue
        break
    try:
        yield
    finally:
        lock.release()


def _link(blob: Path, link: Path) -> None:
    """Make a file of the snapshot: a relative link to its blob, or what comes closest where links are not allowed."""
    link.parent.mkdir(parents=True, exist_ok=True)
    beside = link.with_name(f".{link.name}.{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    try:
        beside.symlink_to(os.path.relpath(blob, link.parent))
    except OSError:
        _hard_link(blob, beside)
    beside.replace(link)


def _hard_link(blob: Path, beside: Path) -> None:
    try:
        beside.hardlink_to(blob)
    except OSError:
        shutil.copyfile(blob, beside)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
