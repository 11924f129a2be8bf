"""How many threads one operation gets: measured on this machine with the model itself, once, and remembered.

A second thread gains little where one already reads as fast as the memory gives, and loses much beside other programs:
one that waits for the other waits for whoever has its core. So more are taken only where they gain a good deal.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch

from engine.inference.decoding import Decoder
from engine.inference.runtime import physical_cores
from engine.thread_counts import ThreadCount, read_thread_counts, remember_thread_count

FEWEST_PARAMETERS = 20_000_000
"""Smaller models are done with an operation before a second thread has begun."""
_WORTH = 0.85
"""More threads are taken where a token then takes at most this part of the time."""
_PROMPT_TOKENS, _STEPS, _ROUNDS = 16, 4, 2
_MOST_S = 2.0
"""After so long nothing more is tried."""


def measured_threads(
    decoder: Decoder,
    file: Path,
    *,
    dtype: str,
    parameters: int,
    cores: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
    is_busy: Callable[[], bool] | None = None,
) -> int:
    """Measure, or remember what was measured.

    Args:
        decoder: Of the model; it has forgotten all afterwards.
        file: Where it is remembered.
        dtype: Of the model's numbers.
        parameters: Of the model.
        cores: Physical ones; None counts them.
        clock: Seconds that only go forward.
        is_busy: Whether others compute: one thread is best then, and nothing is measured; None asks the system.
    """
    most = physical_cores() if cores is None else cores
    if parameters < FEWEST_PARAMETERS or most < 2:
        return 1
    about = 2 ** (parameters.bit_length() - 1) // 1_000_000
    machine = f"{most} cores of {platform.machine()}, torch {torch.__version__}"
    key = f"{dtype}, {about:,} to {2 * about:,}M parameters ({machine})"
    known = read_thread_counts(file)
    if key in known:
        return min(most, max(1, known[key].threads))
    if _is_busy(most) if is_busy is None else is_busy():
        return 1
    count = _measure(decoder, most, clock)
    with contextlib.suppress(OSError):  # it is measured again then
        remember_thread_count(file, key, count)
    return count.threads


def threads_for_batches() -> int:
    """Half of the physical cores: batches keep several busy, and others want to work too."""
    return max(1, physical_cores() // 2)


def _measure(decoder: Decoder, most: int, clock: Callable[[], float]) -> ThreadCount:
    began_s = clock()
    seconds: dict[int, float] = {}
    try:
        for _ in range(_ROUNDS):
            count = 1
            while count <= most and (count == 1 or clock() - began_s < _MOST_S):
                seconds[count] = min(seconds.get(count, float("inf")), _seconds_of_a_step(decoder, count, clock))
                count *= 2
    finally:
        decoder.forget()
        torch.set_num_threads(1)
    best = 1
    for count, taken in seconds.items():
        if taken < _WORTH * seconds[best]:
            best = count
    return ThreadCount(
        best, {str(count): round(1 / taken, 2) if taken > 0 else 0.0 for count, taken in seconds.items()}
    )


def _seconds_of_a_step(decoder: Decoder, threads: int, clock: Callable[[], float]) -> float:
    torch.set_num_threads(threads)
    decoder.prefill(list(range(_PROMPT_TOKENS)), lambda: False)  # known already but for the first time
    decoder.step(0)  # wakes the threads
    began_s = clock()
    for token in range(_STEPS):
        decoder.step(token)
    return (clock() - began_s) / _STEPS


def _is_busy(cores: int) -> bool:
    """Whether more than half of the machine was in use in the last minute, apart from this process's one core."""
    try:
        return os.getloadavg()[0] > 1 + cores / 2
    except (OSError, AttributeError):
        return False
