"""GGUF files as safetensors: converted once, kept in the cache, found again by path, size and time.

Reading a GGUF file of 135M parameters takes a quarter of a minute, its copy under a second.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from engine.errors import Cancelled, DiskFull, LoadFailed
from engine.models.converted import path_key
from engine.models.gguf_header import read_gguf_header
from engine.protocol import LoadStage

_FORMAT = 1
"""Part of the key: another way of converting makes other copies."""
_DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16}
"""Of the copy, by the file's own. Quantised numbers fit into float16 far better than they were kept."""

_logger = logging.getLogger(__name__)


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
        LoadFailed: The file can't be read, or is of an unknown architecture.
        DiskFull: There is no room for the copy.
        Cancelled: `cancelled` said so.
    """
    of_path, of_content = _key(file)
    target = converted / f"{file.stem[:60]}-{of_path}-{of_content}"
    if target.is_dir():
        return target
    on_stage("converting")
    partial = converted / f".partial-{of_path}-{os.getpid()}"
    _remove_stale(converted, of_path)
    try:
        partial.mkdir(parents=True)
        _convert(file, partial, cancelled)
        _sync(partial)
        _check(cancelled)
        _publish(partial, target)
    except OSError as error:
        raise DiskFull(
            f"The converted copy of {file.name} could not be written to {converted}: {error.strerror or error}",
            "Make room there, or set TUNESMITH_HOME to a folder on a larger disk",
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


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
    where = {"gguf_file": file.name, "local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(file.parent, **where)
        model = AutoModelForCausalLM.from_pretrained(
            file.parent, **where, dtype=dtype, quantization_config=GgufConfig(dequantize=True)
        )
    except (ValueError, KeyError, NotImplementedError) as error:
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


def _remove_stale(converted: Path, of_path: str) -> None:
    """Remove what an earlier state of the same file left, and what a killed process did not finish."""
    for folder in (*converted.glob(f"*-{of_path}-*"), *converted.glob(f".partial-{of_path}-*")):
        shutil.rmtree(folder, ignore_errors=True)


def _sync(folder: Path) -> None:
    for file in (*folder.iterdir(), folder):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _publish(partial: Path, target: Path) -> None:
    try:
        partial.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        _logger.info("Another process has just converted the same file")


def _check(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled("Loading was cancelled")
