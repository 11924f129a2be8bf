"""How soon Tunesmith paints its first frame, against the plainest Textual program.

    python -m bench.first_frame [--rounds N] [--json]

Each round starts both as fresh processes on a pseudo-terminal, one after the other and in turns which is first, and
takes the time from the start of the process to the arrival of the bytes of its header. A round to warm the disk's
cache is not counted. The ratio is of the medians; it should stay at or below 1.3.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.reporting import Column, Goal, Report, alternating, median, ratio, show
from tests.terminal import Terminal

TARGET_RATIO = 1.3
COLUMNS = (
    Column("program", "program"),
    Column("median_s", "first frame s", ".3f"),
    Column("times_plain", "x plain", ".2f"),
    Column("fastest_s", "fastest s", ".3f"),
    Column("slowest_s", "slowest s", ".3f"),
)
PROGRAMS: dict[str, tuple[tuple[str | Path, ...], bytes]] = {
    "tunesmith": ((Path(sys.executable).with_name("tunesmith"),), b"Tunesmith"),
    "plain textual": ((sys.executable, Path(__file__).with_name("plain_app.py")), b"PlainApp"),
}


def first_frame_s(command: Sequence[str | Path], marker: bytes, home: Path) -> float:
    """Time one start, in seconds."""
    env = {"HOME": str(home), "TUNESMITH_HOME": str(home / "tunesmith"), "HF_HOME": str(home / "hub")}
    with Terminal(command, columns=120, lines=40, env=env | {"HF_HUB_OFFLINE": "1"}) as terminal:
        return terminal.wait_for_raw(marker, timeout_s=60)


def measure(rounds: int) -> dict[str, list[float]]:
    """Time the programs in turns.

    Returns:
        For each program its times in seconds, in the order of the rounds.
    """
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    with tempfile.TemporaryDirectory() as folder:
        for number, name in alternating(list(PROGRAMS), rounds + 1):
            command, marker = PROGRAMS[name]
            seconds = first_frame_s(command, marker, Path(folder))
            if number:
                times[name].append(seconds)
    return times


def report(rounds: int, times: Mapping[str, Sequence[float]]) -> Report:
    """Medians, their ratio and the goal."""
    ours, rival = (median(values) for values in times.values())
    return Report(
        benchmark="bench.first_frame",
        conditions={"medians of rounds": rounds},
        columns=COLUMNS,
        rows=[
            {
                "program": name,
                "median_s": median(values),
                "times_plain": ratio(median(values), rival),
                "fastest_s": min(values),
                "slowest_s": max(values),
            }
            for name, values in times.items()
        ],
        goals=[Goal("first frame, times the plain program's", TARGET_RATIO, ratio(ours, rival), at_most=True)],
        raw={"seconds": {name: list(values) for name, values in times.items()}},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    print(show(report(options.rounds, measure(options.rounds)), as_json=options.json))


if __name__ == "__main__":
    main()
