"""A data set of the hub on this disk, with the bytes that come told meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engine.models.background import run_in_background
from engine.models.eta import Speedometer
from engine.models.hub_cache import INCOMPLETE
from engine.models.records import Cancelled, OnProgress, Progress, Stage


def fetch(
    name: str,
    config: str = "",
    *,
    on_progress: OnProgress,
    cancelled: Cancelled,
    clock: Callable[[], float] = time.monotonic,
) -> Any:
    """Have the `datasets` library find, download and convert a data set, in whatever way its cache allows.

    Args:
        name: Of the data set.
        config: Its form; empty for the only one.
        on_progress: Called on this thread about ten times a second.
        cancelled: Asked as often. The library can't be stopped: the thread that it works on is left behind.
        clock: Seconds, for the speed.

    Returns:
        Its splits, a `DatasetDict`.

    Raises:
        Cancelled: `cancelled` said so.
        Exception: Whatever the library raises.
    """
    job = _Job(name, config)
    speedometer = Speedometer()

    def tick() -> None:
        on_progress(job.progress(speedometer, clock()))

    tick()
    return run_in_background(job.run, tick=tick, cancelled=cancelled)


class _Job:
    """One fetch; `run` is on a thread, `progress` is asked by another. Bytes are seen by the growth of the cache."""

    def __init__(self, name: str, config: str) -> None:
        self._name, self._config = name, config
        self._stage: Stage = "finding"
        self._blobs: Path | None = None
        self._before_bytes = 0
        self._missing_bytes = 0

    def run(self, stop: threading.Event) -> Any:
        del stop  # the library takes no such thing
        from datasets import load_dataset_builder

        builder = load_dataset_builder(self._name, self._config or None)
        files = [str(file) for split in (builder.config.data_files or {}).values() for file in split]
        self._expect(files)
        builder.download_and_prepare()
        return builder.as_dataset()

    def progress(self, speedometer: Speedometer, now_s: float) -> Progress:
        if self._stage == "finding" or self._blobs is None or not self._missing_bytes:
            return Progress(stage=self._stage)
        done = min(self._missing_bytes, max(0, _bytes_in(self._blobs) - self._before_bytes))
        if done == self._missing_bytes:
            return Progress(stage="reading")
        pace = speedometer.read(now_s, done, self._missing_bytes)
        return Progress(
            stage="downloading",
            done_bytes=done,
            total_bytes=self._missing_bytes,
            bytes_per_s=pace.bytes_per_s,
            eta_s=pace.eta_s,
        )

    def _expect(self, urls: list[str]) -> None:
        """Learn what has to come. Whatever goes wrong here costs no more than the figures."""
        try:
            missing = [(folder, size) for folder, size in _sizes(urls) if size]
        except Exception:
            missing = []
        if missing:
            self._blobs = missing[0][0]
            # What an earlier download was cut at goes on from there, and counts.
            self._before_bytes = _bytes_in(self._blobs, whole=True)
            self._missing_bytes = sum(size for _, size in missing)
        self._stage = "reading"


def _sizes(urls: list[str]) -> Iterator[tuple[Path, int]]:
    """The cache folder and the size of each file that is not in the cache."""
    from huggingface_hub import HfFileSystem, constants, try_to_load_from_cache
    from huggingface_hub.hf_file_system import HfFileSystemResolvedRepositoryPath

    files = HfFileSystem()
    for url in urls:
        place = files.resolve_path(url)
        assert isinstance(place, HfFileSystemResolvedRepositoryPath)
        kept = try_to_load_from_cache(
            place.repo_id, place.path_in_repo, revision=place.revision, repo_type=place.repo_type
        )
        if isinstance(kept, str):
            continue
        folder = Path(constants.HF_HUB_CACHE) / f"{place.repo_type}s--{place.repo_id.replace('/', '--')}"
        yield folder / "blobs", int(files.info(url)["size"])


def _bytes_in(blobs: Path, *, whole: bool = False) -> int:
    total = 0
    try:
        for file in blobs.iterdir():
            if not (whole and file.name.endswith(INCOMPLETE)):
                total += file.stat().st_size
    except OSError:  # it was renamed meanwhile, or nothing has come yet
        return total
    return total
