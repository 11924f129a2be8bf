"""The checkpoints of a run: which are whole, which is best, which may go.

A checkpoint is written beside its place and renamed into it, and holds `checkpoint.json`: the step, the figures,
and the size and SHA-256 of every other file. What does not match is not used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import msgspec

from engine.protocol import Frozen
from engine.runs.folder import RunFolder, step_of

MANIFEST = "checkpoint.json"
PARTIAL_PREFIX = "."
"""Of a folder that is being written; such folders are never listed."""
_BLOCK_BYTES = 4 * 1024 * 1024


class FileDigest(Frozen, frozen=True, kw_only=True):
    """What a file of a checkpoint has to be."""

    size_bytes: int
    sha256: str


class Manifest(Frozen, frozen=True, kw_only=True):
    """The contents of `checkpoint.json`."""

    step: int
    loss: float | None = None
    """Held out; None where this step was not evaluated."""
    processes: int = 1
    files: dict[str, FileDigest] = msgspec.field(default_factory=dict)


class Checkpoint(Frozen, frozen=True, kw_only=True):
    """A checkpoint in a list."""

    step: int
    folder: Path
    size_bytes: int
    loss: float | None = None
    best: bool = False
    """Has the lowest held-out loss of those that are there."""


def list_checkpoints(run: RunFolder) -> tuple[Checkpoint, ...]:
    """List the checkpoints that are there, oldest first. Their files are not read through: see `find_fault`."""
    found = []
    for folder in _folders(run):
        manifest = read_manifest(folder)
        if manifest is not None:
            size = sum(digest.size_bytes for digest in manifest.files.values())
            found.append(Checkpoint(step=manifest.step, folder=folder, size_bytes=size, loss=manifest.loss))
    found.sort(key=lambda checkpoint: checkpoint.step)
    losses = [checkpoint.loss for checkpoint in found if checkpoint.loss is not None]
    if not losses:
        return tuple(found)
    best = next(checkpoint for checkpoint in found if checkpoint.loss == min(losses))
    return tuple(msgspec.structs.replace(one, best=one is best) for one in found)


def read_manifest(folder: Path) -> Manifest | None:
    """Read what a checkpoint has to be; None where that can't be read."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None


def find_fault(folder: Path) -> str:
    """Read a checkpoint through and say what is wrong with it; empty where it is as it was written."""
    manifest = read_manifest(folder)
    if manifest is None:
        return f"{MANIFEST} is missing or damaged"
    for name, digest in manifest.files.items():
        file = folder / name
        try:
            if file.stat().st_size != digest.size_bytes or digest_of(file).sha256 != digest.sha256:
                return f"{name} is not as it was written"
        except OSError as error:
            return f"{name}: {error.strerror or error}"
    return ""


def digest_of(file: Path) -> FileDigest:
    """Measure a file."""
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    return FileDigest(size_bytes=size, sha256=digest.hexdigest())


def seal(folder: Path, step: int, loss: float | None, processes: int) -> Manifest:
    """Force every file of a folder to the disk, and write its manifest.

    Raises:
        OSError: Such as no space left.
    """
    files = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST):
        _sync(file)
        files[file.relative_to(folder).as_posix()] = digest_of(file)
    manifest = Manifest(step=step, loss=loss, processes=processes, files=files)
    target = folder / MANIFEST
    target.write_bytes(msgspec.json.encode(manifest) + b"\n")
    _sync(target)
    _sync(folder)
    return manifest


def publish(partial: Path, target: Path) -> None:
    """Put a sealed folder into its place; one that is there already makes room."""
    if target.exists():
        old = target.with_name(f"{PARTIAL_PREFIX}old-{target.name}")
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
        partial.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        partial.rename(target)
    _sync(target.parent)


def prune(run: RunFolder, *, keep_last: int, keep_best: int) -> tuple[int, ...]:
    """Delete all checkpoints but the last and the best ones, and what a dead trainer left half-written.

    Returns:
        The steps that were deleted.
    """
    there = list_checkpoints(run)
    by_loss = sorted((one for one in there if one.loss is not None), key=lambda one: (one.loss, one.step))
    keep = {one.step for one in (*there[-keep_last:], *by_loss[:keep_best])}
    gone = [one for one in there if one.step not in keep]
    for one in gone:
        discard(one.folder)
    return tuple(one.step for one in gone)


def discard(folder: Path) -> None:
    """Delete a folder so that nobody sees half of it."""
    hidden = folder.with_name(f"{PARTIAL_PREFIX}gone-{folder.name}")
    shutil.rmtree(hidden, ignore_errors=True)
    if folder.exists():
        folder.rename(hidden)
    shutil.rmtree(hidden, ignore_errors=True)


def sweep(run: RunFolder) -> None:
    """Delete what a dead trainer left half-written; only for who holds the lock.

    Data is left alone: other processes of the same run may be preparing it already.
    """
    results = (f"{PARTIAL_PREFIX}{run.final.name}", f"{PARTIAL_PREFIX}old-*", f"{PARTIAL_PREFIX}gone-*")
    for place, patterns in ((run.checkpoints, (f"{PARTIAL_PREFIX}*",)), (run.path, results)):
        for left in (left for pattern in patterns for left in place.glob(pattern)):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)


def _folders(run: RunFolder) -> list[Path]:
    if not run.checkpoints.is_dir():
        return []
    return [folder for folder in run.checkpoints.iterdir() if step_of(folder) is not None]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
