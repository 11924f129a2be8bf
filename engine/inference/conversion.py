"""GGUF files as safetensors: converted once, kept in the cache, found again by path, size and time.

Reading a GGUF file of 135M parameters takes a quarter of a minute, its copy under a second.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from engine.errors import Cancelled, DiskFull, LoadFailed
from engine.models.converted import copies, lock_file, path_key, remove, remove_left_over
from engine.models.folder import inspect_folder
from engine.models.gguf_header import read_gguf_header
from engine.models.hub_errors import NO_SPACE
from engine.protocol import LoadStage

_FORMAT = 1
"""Part of the key: another way of converting makes other copies."""
_DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16}
"""Of the copy, by the file's own. Quantised numbers fit into float16 far better than they were kept."""

_LOCK_POLL_S = 0.2


def as_safetensors(
    file: Path,
    converted: Path,
    *,
    on_stage: Callable[[LoadStage], None] = lambda stage: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Path:
    """Find or make the safetensors copy of a GGUF file.

    Args:
        file: The GGUF file.
        converted: The folder of all copies.
        on_stage: Told `converting` where it has to be made.
        cancelled: Asked between the steps; nothing half-made is left where it would be found.

    Returns:
        The copy's folder, as `save_pretrained` writes it.

    Raises:
        LoadFailed: The file can't be read, is of an unknown architecture, or its copy can't be written.
        DiskFull: There is no room for the copy.
        Cancelled: `cancelled` said so.
    """
    of_path, of_content = _key(file)
    target = converted / f"{file.stem[:60]}-{of_path}-{of_content}"
    if _is_whole(target):
        return target
    on_stage("converting")
    with _words_for_the_disk(file, converted), _locked(of_path, converted, cancelled):
        if not _is_whole(target):  # another process may just have made it
            _remove_stale(of_path, converted)
            _make(file, target, cancelled)
    return target


def _make(file: Path, target: Path, cancelled: Callable[[], bool]) -> None:
    key = _key(file)
    work = target.with_name(f".partial-{key[0]}-{os.getpid()}")
    alone, copy = work / "alone", work / "copy"
    try:
        alone.mkdir(parents=True)
        _convert(_linked(file, alone), copy, cancelled)
        _sync(copy)
        _check(cancelled)
        if problem := inspect_folder(copy, file.name).problem:
            raise problem
        if not file.exists() or _key(file) != key:
            raise LoadFailed(f"{file.name} was changed while it was converted", "Load it again when it is whole")
        copy.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _linked(file: Path, folder: Path) -> Path:
    """The file in a folder of its own: transformers looks at what lies beside it, adapters and code among it."""
    link = folder / file.name
    try:
        link.symlink_to(file.resolve())
    except OSError:
        link.hardlink_to(file.resolve())
    return link


def _convert(file: Path, folder: Path, cancelled: Callable[[], bool]) -> None:
    tokenizer, model = _read(file)
    _check(cancelled)
    tokenizer.save_pretrained(folder)
    # A dequantised model still says that it is quantised, which would be asked for again.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)


def _read(file: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    dtype = _DTYPES.get(read_gguf_header(file).quantisation, torch.float16)
    where = {"gguf_file": file.name, "local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(file.parent, **where)
        model = AutoModelForCausalLM.from_pretrained(
            file.parent, **where, dtype=dtype, quantization_config=GgufConfig(dequantize=True)
        )
    except (ValueError, KeyError, NotImplementedError, OSError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise LoadFailed(
            f"{file.name} can't be converted: {lines[0][:300].rstrip('.')}",
            "The installed transformers may not know this architecture in GGUF; take its safetensors instead",
        ) from error
    return tokenizer, model


def _key(file: Path) -> tuple[str, str]:
    path = file.resolve()
    status = path.stat()
    return path_key(path), _digest(f"{_FORMAT} {status.st_size} {status.st_mtime_ns}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _is_whole(target: Path) -> bool:
    return target.is_dir() and inspect_folder(target).problem is None


def _remove_stale(of_path: str, converted: Path) -> None:
    """Remove what an earlier state of the same file left, what is not whole, and what killed processes left."""
    for folder in copies(of_path, converted):
        remove(folder)
    remove_left_over(of_path, converted)


@contextmanager
def _locked(of_path: str, converted: Path, cancelled: Callable[[], bool]) -> Iterator[None]:
    """Wait until no other process converts the same file."""
    from filelock import FileLock, Timeout

    converted.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_file(of_path, converted))
    while not lock.is_locked:
        _check(cancelled)
        with suppress(Timeout):
            lock.acquire(timeout=_LOCK_POLL_S)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _words_for_the_disk(file: Path, converted: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError) as error:
        # The writer of safetensors is no `OSError`, and has the number in its words alone.
        reason = getattr(error, "strerror", None) or str(error)
        title = f"The converted copy of {file.name} could not be written to {converted}: {reason}"
        if getattr(error, "errno", None) in NO_SPACE or any(f"os error {number}" in reason for number in NO_SPACE):
            raise DiskFull(title, "Make room there, or set TUNESMITH_HOME to a folder on a larger disk") from error
        raise LoadFailed(title, "Check who owns the folder, or set TUNESMITH_HOME to another one") from error


def _sync(folder: Path) -> None:
    for file in (*folder.iterdir(), folder):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _check(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled("Loading was cancelled")
