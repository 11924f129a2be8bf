"""What the machine can do at most, measured: how fast memory is read, and how fast matrices are multiplied.

Measured between the turns of the rivals, with as many threads as they have, on the same cores.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable

import torch

from bench.rivals.lineup import Multiplied

_BYTES = 256 * 1024**2
"""More than caches hold."""
_SIDE = 2048
_TRIES = 4


def pin(threads: int) -> None:
    """Keep this process, and those that it starts from now on, on as many cores as it has threads, the last ones."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[-threads:]))
    torch.set_num_threads(threads)


def read_bytes_per_s() -> float:
    """Of an array that no cache holds: the best of a few passes."""
    array = torch.ones(_BYTES // 4)
    return _BYTES / _best_s(array.sum)


def multiplied_flops(kind: Multiplied) -> float:
    """Operations a second of the product of two matrices, 2048 x 2048: the best of a few.

    Args:
        kind: In what; int8 is torch's dynamically quantised product, with the quantising of one side.
    """
    if kind == "int8":
        return 2 * _SIDE**3 / _best_s(_int8_product())
    dtype = torch.float32 if kind == "float32" else torch.bfloat16
    left, right = torch.randn(_SIDE, _SIDE, dtype=dtype), torch.randn(_SIDE, _SIDE, dtype=dtype)
    return 2 * _SIDE**3 / _best_s(lambda: left @ right)


def _int8_product() -> Callable[[], object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what replaces it is slower
        weight = torch.quantize_per_tensor(torch.randn(_SIDE, _SIDE), 0.05, 0, torch.qint8)
    packed = torch.ops.quantized.linear_prepack(weight, None)
    rows = torch.randn(_SIDE, _SIDE)
    return lambda: torch.ops.quantized.linear_dynamic(rows, packed)


def _best_s(work: Callable[[], object]) -> float:
    best_s = float("inf")
    for _ in range(_TRIES):
        began_s = time.perf_counter()
        work()
        best_s = min(best_s, time.perf_counter() - began_s)
    return best_s
