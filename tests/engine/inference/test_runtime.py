"""Memory that nothing refers to leaves the process."""

from __future__ import annotations

import sys

import psutil  # type: ignore[import-untyped]
import pytest

from engine.inference.runtime import give_memory_back

pytestmark = pytest.mark.torch


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc keeps it")
def test_what_the_c_library_keeps_of_freed_memory_is_given_back() -> None:
    def held() -> int:
        return int(psutil.Process().memory_info().rss)

    import torch

    blocks = [torch.ones(16_000) for _ in range(2_000)]  # 128 MB, each block too small for pages of its own
    last = blocks[-1]  # the heap's end stays in use, so that nothing is given back by itself
    before = held()
    del blocks
    give_memory_back()
    assert before - held() > 100_000_000
    assert float(last[0]) == 1
