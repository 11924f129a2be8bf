"""How many useful tokens a second a trainer learns from, against the recipe that every tutorial shows.

    python -m bench.training [--layers N] [--width N] [--rounds N] [--threads N] [--only WORDS] [--json]

All learn from texts as long as film reviews are, on a GPT-2 of random weights; `bench.trainers` says how each of them
works. Each is started for its turn, takes a few steps, of which the last one counts, and ends, so that no two of them
hold memory at once. Padding, and what a soft prompt puts before each text, is not counted as useful. The share of the
peak is that of the matrix product of two 2048 x 2048 matrices, measured before each turn, in the type that the trainer
multiplies in. Threads are those of `tunesmith tune`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from bench.limits import multiplied_flops, pin
from bench.neighbours import QUIET_CORES
from bench.reporting import Column, Goal, Report, Row, alternating, median, ratio, show
from bench.rivals.lineup import Multiplied
from bench.rivals.processes import ROOT, add_common_options, is_chosen, variables_for
from bench.trainers import BARE_LOOP, METHODS, RECIPE, VOCABULARY, Taken, reviews
from engine.training.machine import pick_thread_count

GOALS = {"full": 7.0, "lora": 10.0}
GOAL_SHARE = 0.7
_LAST_WORDS = 600
COLUMNS = (
    Column("trainer", "trainer"),
    Column("precision", "multiplies in"),
    Column("tokens_per_s", "useful tokens/s", ".0f"),
    Column("times", "times the recipe", ".2f"),
    Column("share", "of the peak", ".0%"),
    Column("memory_gb", "GB at most", ".1f"),
    Column("quiet", "quiet rounds", ".0f"),
)


Turn = Callable[[Sequence[str], int], Taken]
"""Has a trainer with these arguments take its turn, on that many threads."""


def take_turn(arguments: Sequence[str], threads: int) -> Taken:
    """Start a trainer, and wait until it has taken its step and is gone.

    Raises:
        SystemExit: It failed; with its last words.
    """
    command = [sys.executable, "-m", "bench.trainers", *arguments]
    result = subprocess.run(command, cwd=ROOT, env=variables_for(threads), capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"{arguments[0]} ended with {result.returncode}: {result.stderr[-_LAST_WORDS:].strip()}")
    return msgspec.json.decode(result.stdout, type=Taken)


def flops_per_token(layers: int, width: int, mean_length: float, name: str) -> float:
    """Forward and backward, as in Kaplan et al. (2020); where weights are frozen, their gradients are not computed."""
    weights = 12 * layers * width**2 + VOCABULARY * width
    passes = 4 if name in ("lora", "soft-prompt") else 6
    return passes * weights + 6 * layers * width * mean_length


def mean_length() -> float:
    """Tokens of a text."""
    return statistics.mean(len(row["input_ids"]) for row in reviews())


def measure(options: argparse.Namespace, turn: Turn = take_turn) -> Report:
    """Take all steps in turns, never two at once."""
    names = [name for name in (RECIPE, BARE_LOOP, *METHODS) if name == RECIPE or is_chosen(name, options.only)]
    size = ["--layers", str(options.layers), "--width", str(options.width), "--threads", str(options.threads)]
    taken: dict[str, list[Taken]] = {name: [] for name in names}
    peaks: dict[Multiplied, list[float]] = {"float32": [], "bfloat16": []}
    for number, name in alternating(names, options.rounds):
        for kind, found in peaks.items():
            found.append(multiplied_flops(kind))
        taken[name].append(turn([name, *size, "--seed", str(number)], options.threads))
    best = {str(kind): max(found) for kind, found in peaks.items()}
    mean = mean_length()
    work = {name: flops_per_token(options.layers, options.width, mean, name) for name in names}
    rows = _rows(taken, best, work)
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
    peaks: Mapping[str, float],
    work: Mapping[str, float],
) -> list[dict[str, Any]]:
    rates = {name: median([each.rate for each in _quiet(every)]) for name, every in taken.items()}
    made = []
    for name, every in taken.items():
        rate, kind = rates[name], every[0].precision
        made.append({
            "trainer": name,
            "precision": kind,
            "tokens_per_s": rate,
            "times": ratio(rate, rates[RECIPE]),
            "share": None if rate is None else rate * work[name] / peaks[kind],
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
