"""What the panel costs the training that it shows.

    python -m bench.panel [--steps-per-s F] [--seconds N] [--rounds N] [--json]

Where trainer and program share a core, what the program takes of it is what the training loses; with more cores it
loses less. So the figure is the share of one core that the program takes while a run tells of its steps at a given
pace; what the same program takes without a run is taken off. It is processor time, as Linux tells it, which other work
on the machine hardly changes, and the steps come from a writer that keeps its pace, not from a trainer that would be
slowed by whatever else runs.

The cases: the panel in the dock beside the chat, and the training screen in front. Either may cost two in a hundred.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench.neighbours import processor_s
from engine.paths import Paths, find_paths
from engine.runs import RunFolder, create
from engine.runs.events import EvalDone, RunStarted
from engine.runs.lock import TrainerLock
from engine.runs.log import EventWriter
from tests.fakes.runs import PLAN, step_done
from tests.terminal import Terminal

TARGET = 0.02
CASES = ("unwatched", "dock", "screen")
_TOTAL = 1_000_000
_EVALUATE_EVERY = 200
_SETTLE_S = 3.0
ROOT = Path(__file__).parents[1]


@contextlib.contextmanager
def training(paths: Paths, steps_per_s: float) -> Iterator[RunFolder]:
    """Have a run tell of its steps."""
    run = create(paths.runs, PLAN, "measured")
    lock = TrainerLock.take(run.lock_file)
    over = threading.Event()

    def tell() -> None:
        writer = EventWriter(run.events_file)
        writer.append(RunStarted(model="gpt2", method="lora", pid=os.getpid(), total_steps=_TOTAL))
        step, began_s = 0, time.monotonic()
        while not over.wait(max(0.0, began_s + step / steps_per_s - time.monotonic())):
            step += 1
            writer.append(step_done(step, total=_TOTAL))
            if step % _EVALUATE_EVERY == 0:
                writer.append(EvalDone(step=step, loss=3 - step / _TOTAL, perplexity=20, seconds=1, tokens=1000))
        writer.close()

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield run
    finally:
        over.set()
        thread.join()
        lock.release()


def core_share(case: str, steps_per_s: float, seconds: float) -> float:
    """Watch a run, or don't.

    Returns:
        Processor seconds of the program for each second.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        folders = {"HOME": folder, "TUNESMITH_HOME": folder, "HF_HOME": str(home / "hub"), "HF_HUB_OFFLINE": "1"}
        argv = [sys.executable, "-m", "tests.integration.program", "fake"]
        paths = find_paths({"TUNESMITH_HOME": folder})
        with contextlib.ExitStack() as stack:
            if case != "unwatched":
                run = stack.enter_context(training(paths, steps_per_s))
            terminal = stack.enter_context(Terminal(argv, columns=120, lines=40, env=folders, cwd=ROOT))
            terminal.wait_for("is listening", timeout_s=120)
            if case != "unwatched":
                terminal.press("ctrl+l" if case == "dock" else "f7")
                terminal.wait_for(run.name, timeout_s=120)
            time.sleep(_SETTLE_S)
            began_s, before_s = time.monotonic(), processor_s(terminal.pid)
            time.sleep(seconds)
            return (processor_s(terminal.pid) - before_s) / (time.monotonic() - began_s)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps-per-s", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    shares: dict[str, list[float]] = {case: [] for case in CASES}
    for _ in range(arguments.rounds):
        for case in CASES:
            shares[case].append(core_share(case, arguments.steps_per_s, arguments.seconds))
    if arguments.json:
        print(msgspec.json.encode({"steps_per_s": arguments.steps_per_s, **shares}).decode())
        return
    floor = statistics.median(shares["unwatched"])
    print(f"{arguments.steps_per_s:g} steps a second; the program takes of one core:")
    for case, every in shares.items():
        share = statistics.median(every)
        cost = share - floor
        verdict = (
            "" if case == "unwatched" else f"   the panel {cost:.1%}, {'within' if cost <= TARGET else 'above'} 2 %"
        )
        print(f"  {case:<10}{share:>7.1%}{verdict}")


if __name__ == "__main__":
    main()
