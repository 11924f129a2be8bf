"""How a trainer treats the machine."""

from __future__ import annotations

import ctypes
import multiprocessing
import resource
import sys

import pytest

from engine.training.machine import keep_memory

SIZE = 128 * 1024**2


def faults_of_a_second_block(keep: bool) -> int:
    """Pages that the kernel has to hand out when a block is freed and one of the same size is taken."""
    c = ctypes.CDLL(None)
    c.malloc.restype, c.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
    c.free.argtypes = (ctypes.c_void_p,)
    assert not keep or keep_memory()
    before = 0
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        block = c.malloc(SIZE)
        ctypes.memset(block, 1, SIZE)
        c.free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "mallopt"), reason="glibc")
def test_memory_that_was_freed_is_used_again_without_the_kernel() -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        as_it_is, kept = pool.apply(faults_of_a_second_block, (False,)), pool.apply(faults_of_a_second_block, (True,))
    assert kept < 100 < as_it_is
