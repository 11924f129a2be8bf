"""One loop over many numbers as several threads share it: compiled loops let each other run."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

Share = tuple[int, int]


def shares(count: int, parts: int) -> list[Share]:
    """Cut 0 to `count` into so many parts, as even as can be; none is empty."""
    parts = max(1, min(parts, count))
    ends = [count * part // parts for part in range(parts + 1)]
    return list(pairwise(ends))


def run_shares(task: Callable[[int, int], object], parts: list[Share]) -> None:
    """Do all parts at once, the first in this thread; what one of them raises is raised."""
    if len(parts) == 1:
        task(*parts[0])
        return
    begun = [_helpers(os.getpid(), len(parts) - 1).submit(task, *part) for part in parts[1:]]
    task(*parts[0])
    for each in begun:
        each.result()


@cache
def _helpers(process: int, count: int) -> ThreadPoolExecutor:
    """Of this process: threads do not survive a fork."""
    del process
    return ThreadPoolExecutor(count, thread_name_prefix="share")
