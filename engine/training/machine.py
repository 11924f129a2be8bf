"""What the machine has, and how to take of it without standing in anybody's way."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path

import torch

_BF16_FROM_PARAMETERS = 20_000_000
"""Smaller models spend more time on converting numbers than on multiplying them."""
_THREADS_FROM_PARAMETERS = 5_000_000
_AUTOGROUP = Path("/proc/self/autogroup")
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Of glibc's `mallopt`."""


def yield_to_others() -> None:
    """Let everybody else go first.

    A process in a session of its own gets a scheduling group of its own where the kernel makes such groups; within it
    niceness means nothing to others, so that the group's own has to be set too.
    """
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        os.nice(19)
    with contextlib.suppress(OSError):
        _AUTOGROUP.write_text("19", encoding="ascii")


def keep_memory() -> bool:
    """Have freed memory stay with this process, for the next step.

    glibc gives large blocks back at once, and has each page of the next one cleared by the kernel: a tenth of a step
    on the 12 layers of GPT-2. The most that the process takes hardly changes.

    Returns:
        Whether the C library could be told.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        tell = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(tell(_MMAP_MAX, 0)) and bool(tell(_TRIM_THRESHOLD, -1))


def pick_thread_count(wanted: int, processes: int, parameters: int) -> int:
    """How many threads a training process uses: the physical cores shared out among the processes.

    A small model gets one: handing out its work takes longer than the work.
    """
    if wanted > 0:
        return wanted
    if parameters < _THREADS_FROM_PARAMETERS:
        return 1
    import psutil  # type: ignore[import-untyped]

    cores = int(psutil.cpu_count(logical=False) or os.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        cores = min(cores, len(os.sched_getaffinity(0)))
    return max(1, cores // max(1, processes))


def pick_precision(wanted: str, device: torch.device, parameters: int) -> torch.dtype | None:
    """The type of matrix products under autocast; None computes in float32.

    Args:
        wanted: As in `Plan.precision`; auto takes bfloat16 where the hardware multiplies it faster.
        device: Where the training happens.
        parameters: Of the whole model.
    """
    if wanted != "auto":
        return torch.bfloat16 if wanted == "bfloat16" else None
    if parameters < _BF16_FROM_PARAMETERS:
        return None
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    if device.type != "cpu":
        return None
    cpu = torch.cpu
    fast = getattr(cpu, "_is_avx512_bf16_supported", None) or (lambda: False)
    faster = getattr(cpu, "_is_amx_tile_supported", None) or (lambda: False)
    return torch.bfloat16 if fast() or faster() else None


def memory_bytes(device: torch.device) -> int:
    """What this process takes now, on the device that it computes on."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    import psutil

    return int(psutil.Process().memory_info().rss)


def peak_memory_bytes(device: torch.device) -> int:
    """The most that this process took so far."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if sys.platform == "win32":
        return memory_bytes(device)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
