"""How many useful tokens a second a trainer learns from, against the recipe that every tutorial shows.

    python -m bench.training [--layers N] [--width N] [--rounds N] [--threads N] [--only WORDS] [--json]

All learn from texts as long as film reviews are, on a GPT-2 of random weights; `bench.trainers` says how each of them
works. Each is a process of its own, and takes a step when it is its turn; a first short step is not counted. Padding,
and what a soft prompt puts before each text, is not counted as useful. The share of the peak is that of the matrix
product of two 2048 x 2048 matrices, measured in the same rounds, in the type that the trainer multiplies in. Threads
are those of `tunesmith tune`.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bench.limits import multiplied_flops, pin
from bench.neighbours import QUIET_CORES, now, others_cores
from bench.reporting import Column, Goal, Report, Row, alternating, median, ratio, show
from bench.rivals.lineup import Multiplied
from bench.rivals.processes import Process, add_common_options, is_chosen, variables_for
from bench.trainers import BARE_LOOP, METHODS, RECIPE, VOCABULARY, reviews
from engine.training.machine import pick_thread_count

GOALS = {"full": 7.0, "lora": 10.0}
GOAL_SHARE = 0.7
COLUMNS = (
    Column("trainer", "trainer"),
    Column("precision", "multiplies in"),
    Column("tokens_per_s", "useful tokens/s", ".0f"),
    Column("times", "times the recipe", ".2f"),
    Column("share", "of the peak", ".0%"),
    Column("memory_gb", "GB at most", ".1f"),
    Column("quiet", "quiet rounds", ".0f"),
)


class Taken(msgspec.Struct, frozen=True):
    """What a step took."""

    tokens: int
    seconds: float
    memory: int
    """The most that the process has held until now, in bytes."""
    others_cores: float = 0.0

    @property
    def rate(self) -> float:
        """Useful tokens a second."""
        return self.tokens / self.seconds


class TrainerProcess(Process):
    """A trainer that waits for its turn."""

    def step(self) -> Taken:
        """Have it take one."""
        assert self._process.stdin is not None
        before = now(self._process.pid)
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        said = self._read()
        return msgspec.convert({**said, "others_cores": others_cores(before, now(self._process.pid))}, Taken)


def flops_per_token(layers: int, width: int, mean_length: float, name: str) -> float:
    """Forward and backward, as in Kaplan et al. (2020); where weights are frozen, their gradients are not computed."""
    weights = 12 * layers * width**2 + VOCABULARY * width
    passes = 4 if name in ("lora", "soft-prompt") else 6
    return passes * weights + 6 * layers * width * mean_length


def measure(options: argparse.Namespace) -> Report:
    """Take all steps in turns."""
    names = [name for name in (RECIPE, BARE_LOOP, *METHODS) if name == RECIPE or is_chosen(name, options.only)]
    size = ["--layers", str(options.layers), "--width", str(options.width), "--threads", str(options.threads)]
    taken: dict[str, list[Taken]] = {name: [] for name in names}
    peaks: dict[Multiplied, list[float]] = {"float32": [], "bfloat16": []}
    with contextlib.ExitStack() as stack:
        running = {
            name: stack.enter_context(
                TrainerProcess([sys.executable, "-m", "bench.trainers", name, *size], variables_for(options.threads))
            )
            for name in names
        }
        for _, name in alternating(names, options.rounds):
            for kind, found in peaks.items():
                found.append(multiplied_flops(kind))
            taken[name].append(running[name].step())
        kinds = {name: process.version for name, process in running.items()}
    best = {str(kind): max(found) for kind, found in peaks.items()}
    mean = statistics.mean(len(row["input_ids"]) for row in reviews())
    work = {name: flops_per_token(options.layers, options.width, mean, name) for name in names}
    rows = _rows(taken, kinds, best, work)
    return Report(
        benchmark="bench.training",
        conditions={
            "layers": options.layers,
            "width": options.width,
            "threads": options.threads,
            "medians of rounds": options.rounds,
            "tokens of a text": mean,
            "peak GFLOP/s in float32": best["float32"] / 1e9,
            "in bfloat16": best["bfloat16"] / 1e9,
        },
        columns=COLUMNS,
        rows=rows,
        goals=_goals(rows),
        raw={name: [msgspec.to_builtins(each) for each in every] for name, every in taken.items()},
    )


def _rows(
    taken: Mapping[str, Sequence[Taken]],
    kinds: Mapping[str, str],
    peaks: Mapping[str, float],
    work: Mapping[str, float],
) -> list[dict[str, Any]]:
    rates = {name: median([each.rate for each in _quiet(every)]) for name, every in taken.items()}
    made = []
    for name, every in taken.items():
        rate = rates[name]
        made.append({
            "trainer": name,
            "precision": kinds[name],
            "tokens_per_s": rate,
            "times": ratio(rate, rates[RECIPE]),
            "share": None if rate is None else rate * work[name] / peaks[kinds[name]],
            "memory_gb": max(each.memory for each in every) / 1e9,
            "quiet": sum(each.others_cores <= QUIET_CORES for each in every),
        })  # fmt: skip
    return made


def _quiet(every: Sequence[Taken]) -> Sequence[Taken]:
    return [each for each in every if each.others_cores <= QUIET_CORES] or every


def _goals(rows: Sequence[Row]) -> list[Goal]:
    goals = []
    for row in rows:
        name, times, share = str(row["trainer"]), row["times"], row["share"]
        if name in GOALS and isinstance(times, float) and isinstance(share, float):
            goals.append(Goal(f"{name}, times the recipe", GOALS[name], times))
            goals.append(Goal(f"{name}, share of the peak", GOAL_SHARE, share))
    return goals


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    add_common_options(parser)
    parser.set_defaults(threads=0)
    options = parser.parse_args()
    parameters = int(flops_per_token(options.layers, options.width, 0, "full") / 6)
    options.threads = pick_thread_count(options.threads, 1, parameters)
    pin(options.threads)
    print(show(measure(options), as_json=options.json))


if __name__ == "__main__":
    main()
