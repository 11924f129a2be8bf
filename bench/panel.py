"""What the panel costs the training that it shows.

    python -m bench.panel --model REF --data PATH [--steps N] [--rounds N] [--json]

The same run is trained again and again, by turns with nobody watching and with the program open beside it on a
pseudo-terminal, its training screen in front. A round's figure is the median of its steps' seconds, as the trainer
wrote them down; the first tenth is left out. The ratio is that of the medians over all rounds. The panel may cost two
in a hundred, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from engine.corpus import DataSpec
from engine.paths import find_paths
from engine.runs import Plan, RunFolder, create, read_history, read_state, start
from tests.terminal import Terminal

TARGET = 1.02
_DEADLINE_S = 1800.0
_POLL_S = 0.2
ROOT = Path(__file__).parents[1]


@contextlib.contextmanager
def watched(run: RunFolder, home: Path) -> Iterator[None]:
    """Have the program open on a run's training screen."""
    folders = {"HOME": str(home), "TUNESMITH_HOME": str(home), "HF_HOME": str(home / "hub"), "HF_HUB_OFFLINE": "1"}
    argv = [sys.executable, "-m", "tests.integration.program", "fake"]
    with Terminal(argv, columns=120, lines=40, env=folders, cwd=ROOT) as terminal:
        terminal.wait_for("is listening", timeout_s=60)
        terminal.press("f7")
        terminal.wait_for(run.name, timeout_s=60)
        yield


def seconds_per_step(plan: Plan, name: str, home: Path, *, watch: bool) -> float:
    """Train once.

    Returns:
        The median of the steps' seconds, the first tenth left out.
    """
    paths = find_paths({"TUNESMITH_HOME": str(home)})
    run = create(paths.runs, plan, name)
    start(run, environ={**os.environ, "TUNESMITH_HOME": str(home)})
    deadline_s = time.monotonic() + _DEADLINE_S
    with watched(run, home) if watch else contextlib.nullcontext():
        while (state := read_state(run)).state not in ("finished", "stopped", "failed", "died"):
            if time.monotonic() > deadline_s:
                raise SystemExit(f"{name} takes too long: {state.words}")
            time.sleep(_POLL_S)
    if state.state != "finished":
        raise SystemExit(f"{name}: {state.words}")
    steps = read_history(run.events_file, recent=100_000).recent
    return statistics.median(step.seconds for step in steps[len(steps) // 10 :])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    source = Path(arguments.data)
    plan = Plan(
        model=str(Path(arguments.model).resolve()) if Path(arguments.model).exists() else arguments.model,
        data=DataSpec(source=str(source.resolve()) if source.exists() else arguments.data, max_rows=400),
        method="full",
        max_steps=arguments.steps,
        evaluate_every=arguments.steps,
        threads=1,
    )
    alone: list[float] = []
    beside: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.rounds):
            alone.append(seconds_per_step(plan, f"alone-{number}", Path(folder), watch=False))
            beside.append(seconds_per_step(plan, f"watched-{number}", Path(folder), watch=True))
    ratio = statistics.median(beside) / statistics.median(alone)
    if arguments.json:
        print(json.dumps({"alone_s": alone, "watched_s": beside, "ratio": ratio}))
        return
    print(f"{'a step takes':<14}{'median s':>10}{'fastest s':>11}")
    for name, times in (("alone", alone), ("watched", beside)):
        print(f"{name:<14}{statistics.median(times):>10.4f}{min(times):>11.4f}")
    print(f"ratio {ratio:.3f}, within the {TARGET} that it may be" if ratio <= TARGET else f"ratio {ratio:.3f}")


if __name__ == "__main__":
    main()
