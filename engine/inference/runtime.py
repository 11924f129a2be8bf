"""Torch and transformers, made ready: quiet, with as many threads as help, on the best device there is."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
from typing import Any

import torch

from engine.errors import Failed, Misuse
from engine.inference.garbage import without_collections

_USUAL_MODULES = (
    "transformers.generation",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.gpt2.modeling_gpt2",
    "transformers.models.gpt2.tokenization_gpt2",
    "transformers.models.llama.modeling_llama",
)
_importing = threading.Lock()
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16, "int8": torch.int8}


def import_libraries() -> None:
    """Import of transformers what most models need, and silence what it would say and draw; again costs nothing.

    To be finished before anything else imports from transformers: its lazy names fail in two threads at once.
    """
    with _importing:
        missing = [name for name in _USUAL_MODULES if name not in sys.modules]
        with without_collections() if missing else contextlib.nullcontext():
            from transformers.utils import logging

            logging.set_verbosity_error()
            logging.disable_progress_bar()
            for name in missing:
                importlib.import_module(name)


def pick_device(wanted: str) -> torch.device:
    """Find the device: for auto cuda, mps, cpu, the first that is there.

    Raises:
        Misuse: No such device.
        Failed: It is not here.
    """
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise Misuse(f"{wanted} is no device", "Take auto, cpu, cuda, cuda:N or mps") from error
    here = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if device.type not in here:
        raise Misuse(f"{wanted} is no device that Tunesmith knows", "Take auto, cpu, cuda, cuda:N or mps")
    if not here[device.type]:
        raise Failed(f"The device {wanted} is not here, or torch can't use it", "Take the device auto or cpu")
    return device


def pick_dtype(wanted: str, device: torch.device) -> torch.dtype:
    """Find the type of the numbers: for auto float32 on the CPU, else the half precision that the device has.

    Raises:
        Misuse: No such dtype.
    """
    if wanted == "auto":
        if device.type == "cpu":
            return torch.float32
        if device.type == "cuda" and torch.cuda.is_bf16_supported():
            return torch.bfloat16
        return torch.float16
    if wanted not in DTYPES:
        raise Misuse(f"{wanted} is no dtype that Tunesmith knows", f"Take auto, {', '.join(DTYPES)}")
    return DTYPES[wanted]


def free_memory_bytes(device: torch.device) -> int:
    """How much memory the device has left; for mps, which shares it, the system."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(_psutil().virtual_memory().available)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch's means that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    words = str(error)
    return isinstance(error, RuntimeError) and ("can't allocate memory" in words or "out of memory" in words)


def give_memory_back() -> None:
    """Free what nothing refers to any more, on the devices too, and give what the C library keeps of it back."""
    import ctypes
    import gc

    gc.collect()
    if sys.platform.startswith("linux"):
        with contextlib.suppress(AttributeError, OSError):  # a C library without it keeps nothing worth the name
            ctypes.CDLL(None).malloc_trim(0)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def physical_cores() -> int:
    """The cores that this process may use, two threads of one counted once."""
    cores = int(_psutil().cpu_count(logical=False) or os.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        cores = min(cores, len(os.sched_getaffinity(0)))
    return cores


def _psutil() -> Any:
    # accelerate depends on it.
    import psutil  # type: ignore[import-untyped]

    return psutil
