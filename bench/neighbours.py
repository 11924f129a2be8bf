"""How much of the machine others took while something was measured, as Linux tells it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

QUIET_CORES = 0.2
"""What others may take without a measurement being called disturbed."""
_IDLE, _WAITING = 3, 4
_ALL_TIMES = 8
"""Of the first line of /proc/stat; beyond are times of guests, which are in the others already."""
_USER, _SYSTEM = 11, 12
"""Places in /proc/PID/stat behind the name."""


class Moment(NamedTuple):
    """Seconds of processors taken until now."""

    at_s: float
    all_s: float
    mine_s: float


def now(*pids: int) -> Moment:
    """Look at the clock, at the whole machine, and at these processes; all zeros where Linux does not tell.

    What the host of a virtual machine kept for itself counts as taken by others.
    """
    stat = Path("/proc/stat")
    if not stat.exists():
        return Moment(time.perf_counter(), 0.0, 0.0)
    ticks_per_s = os.sysconf("SC_CLK_TCK")
    times = [int(field) for field in stat.read_text(encoding="ascii").split("\n", 1)[0].split()[1 : 1 + _ALL_TIMES]]
    busy = sum(times) - times[_IDLE] - times[_WAITING]
    return Moment(time.perf_counter(), busy / ticks_per_s, sum(map(processor_s, pids)))


def processor_s(pid: int) -> float:
    """Seconds of a processor that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK")


def others_cores(before: Moment, after: Moment) -> float:
    """How many cores others took in the mean between two moments."""
    taken_s = (after.all_s - before.all_s) - (after.mine_s - before.mine_s)
    return max(0.0, taken_s) / max(after.at_s - before.at_s, 1e-9)
