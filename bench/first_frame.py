"""How soon Tunesmith paints its first frame, against the plainest Textual program.

    python -m bench.first_frame [--rounds N] [--json]

Each round starts both as fresh processes on a pseudo-terminal, one after the other and in turns which is first, and
takes the time from the start of the process to the arrival of the bytes of its header. A round to warm the disk's
cache is not counted. The ratio is of the medians; it should stay at or below 1.3.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.terminal import Terminal

TARGET_RATIO = 1.3
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
        for number in range(rounds + 1):
            names = list(PROGRAMS) if number % 2 else list(reversed(PROGRAMS))
            for name in names:
                command, marker = PROGRAMS[name]
                seconds = first_frame_s(command, marker, Path(folder))
                if number:
                    times[name].append(seconds)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    times = measure(arguments.rounds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    ours, rival = medians.values()
    ratio = ours / rival
    if arguments.json:
        print(json.dumps({"seconds": times, "median_s": medians, "ratio": ratio, "target": TARGET_RATIO}))
        return
    print(f"{'program':<16}{'median s':>10}{'fastest s':>11}{'slowest s':>11}")
    for name, values in times.items():
        print(f"{name:<16}{medians[name]:>10.3f}{min(values):>11.3f}{max(values):>11.3f}")
    verdict = "within" if ratio <= TARGET_RATIO else "over"
    print(f"ratio {ratio:.2f}, {verdict} the {TARGET_RATIO:g} that it may be; {arguments.rounds} rounds in turns")


if __name__ == "__main__":
    main()
