"""How long a key takes from the keyboard to the screen while a reply streams, and while a trainer runs flat out too.

    python -m bench.keys [--keys N] [--model REF] [--train REF] [--only WORDS] [--apart S S] [--json]

Each case is a whole program on a pseudo-terminal. Letters that are nowhere else on the screen are typed into the
composer one by one, at the uneven pace of a fast typist or as far apart as `--apart` says; the time is from the write
of a letter to the arrival of the first bytes that paint it. The cases: the plainest Textual program, as the floor;
Tunesmith while nothing happens; Tunesmith while a scripted model host streams 1,000 tokens a second; with `--model`,
while a real model streams as fast as it can (one that takes its time: a window that is full in a second is no stream);
and these two while a trainer takes all that it can get: the program's own, which teaches the starter or `--train`. The
frames painted a second are counted while nobody types; cores are those that the trainer got.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from bench.flat_out import FlatOut, training_flat_out
from bench.reporting import Column, Goal, Report, Value, median, percentile_95, show
from bench.rivals.processes import is_chosen
from tests.terminal import Terminal
from tui.screens.chat.base import BUSY

TARGET_P95_MS = 33
MOST_FRAMES_PER_S = 30
LETTERS = [
    chr(code) for code in (*range(0x100, 0x180), *range(0x400, 0x482), *range(0x180, 0x250)) if chr(code).isalpha()
]
ROOT = Path(__file__).parents[1]
FLOOD_TOKENS_PER_S = 1_000
FLOOR = "plain textual, idle"
COLUMNS = (
    Column("case", "while"),
    Column("p50_ms", "p50 ms", ".1f"),
    Column("p95_ms", "p95 ms", ".1f"),
    Column("max_ms", "max ms", ".1f"),
    Column("times_floor", "x plain", ".1f"),
    Column("frames_per_s", "frames/s", ".1f"),
    Column("most_frames", "most in 1 s", "d"),
    Column("trainer_cores", "trainer, cores", ".2f"),
)
_APART_S = (0.06, 0.15)
_COUNT_FRAMES_S = 5.0
_FRAME = b"\x1b[?2026h"
_TEMPLATE = 'name = "Endless"\nkind = "completion"\nbody = "{{ message }}"\n[sampling]\nmax_new_tokens = 10000000\n'

Prepare = Callable[[Terminal], None]


def nothing(_terminal: Terminal) -> None:
    """Let the program be."""


def ask(terminal: Terminal) -> None:
    """Ask for a reply that takes longer than the case."""
    terminal.type("Go on")
    terminal.press("enter")
    terminal.wait_for(BUSY)


def keep_replying(terminal: Terminal) -> None:
    """See to it that a reply is coming: the window of a small model is soon full."""
    if BUSY not in terminal.screen():
        terminal.press("ctrl+r")
        terminal.wait_for(BUSY)


class Case(msgspec.Struct, frozen=True):
    """A program, and what goes on in it."""

    name: str
    command: Sequence[str]
    ready: str
    """What its screen says when it can be used."""
    prepare: Prepare = nothing
    before_each: Prepare = nothing
    environment: Mapping[str, str] = {}
    trained: str = ""
    """The model that is trained meanwhile."""


def cases(model: str, trained: str) -> list[Case]:
    """All of them."""
    fake, listening = [sys.executable, "-m", "tests.integration.program", "fake"], "fake is listening"
    flood = {"FAKE_HOST_TOKENS": "10000000", "FAKE_HOST_TOKEN_DELAY_S": str(1 / FLOOD_TOKENS_PER_S)}
    streaming = [Case(f"{FLOOD_TOKENS_PER_S:,} tokens/s", fake, listening, ask, environment=flood)]
    if model:
        command = [sys.executable, "-P", "-m", "tui", "--model", model]
        streaming.append(Case("a model streams", command, "is listening", ask, keep_replying))
    return [
        Case(FLOOR, [sys.executable, str(Path(__file__).with_name("plain_app.py"))], "PlainApp"),
        Case("idle", fake, listening),
        *streaming,
        *(msgspec.structs.replace(case, name=f"{case.name}, a trainer too", trained=trained) for case in streaming),
    ]


def measure(
    case: Case, letters: Sequence[str], home: Path, apart_s: tuple[float, float]
) -> tuple[list[float], dict[str, Value]]:
    """Run one case.

    Args:
        case: Which.
        letters: What is typed.
        home: An empty folder for what the program keeps.
        apart_s: The least and the longest time between two letters.

    Returns:
        Milliseconds for each letter, and the other figures.
    """
    folders = {"HOME": str(home), "TUNESMITH_HOME": str(home / "tunesmith"), "HF_HOME": str(home / "hub")}
    config = home / "tunesmith" / "config"
    (config / "templates").mkdir(parents=True)
    (config / "templates" / "endless.toml").write_text(_TEMPLATE, encoding="utf-8")
    (config / "config.toml").write_text('template = "endless"\n', encoding="utf-8")
    environment = {**folders, "HF_HUB_OFFLINE": "1", **case.environment}
    with contextlib.ExitStack() as stack:
        trainer: FlatOut | None = None
        if case.trained:
            trainer = stack.enter_context(training_flat_out(home / "tunesmith", case.trained))
        terminal = stack.enter_context(Terminal(case.command, columns=120, lines=40, env=environment, cwd=ROOT))
        terminal.wait_for(case.ready, timeout_s=120)
        case.prepare(terminal)
        if trainer is not None:
            trainer.begin()
        times_ms = time_keys(terminal, letters, case.before_each, apart_s)
        case.before_each(terminal)
        frames = count_frames(terminal)
        return times_ms, {**frames, "trainer_cores": None if trainer is None else trainer.cores()}


def time_keys(
    terminal: Terminal, letters: Sequence[str], before_each: Prepare, apart_s: tuple[float, float]
) -> list[float]:
    """Type the letters.

    Returns:
        Milliseconds from each one's write to its echo.
    """
    pace = random.Random(7)
    times_ms = []
    for letter in letters:
        time.sleep(pace.uniform(*apart_s))
        before_each(terminal)
        start = terminal.written_bytes()
        sent_s = time.monotonic() - terminal.started_at
        terminal.type(letter)
        times_ms.append((terminal.wait_for_raw(letter.encode(), start=start) - sent_s) * 1e3)
    return times_ms


def count_frames(terminal: Terminal) -> dict[str, Value]:
    """Watch for a while without typing: the mean of the frames a second, and the most in any one second."""
    start = terminal.written_bytes()
    time.sleep(_COUNT_FRAMES_S)
    arrivals = terminal.arrivals_of(_FRAME, start=start)
    most = max((sum(1 for other in arrivals if 0 <= other - each < 1) for each in arrivals), default=0)
    return {"frames_per_s": len(arrivals) / _COUNT_FRAMES_S, "most_frames": most}


def report(options: argparse.Namespace) -> Report:
    """Run the cases, one after the other."""
    rows: list[dict[str, Value]] = []
    times: dict[str, list[float]] = {}
    for case in cases(_reference(options.model), _reference(options.train)):
        if not is_chosen(case.name, options.only):
            continue
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            times_ms, figures = measure(case, LETTERS[: options.keys], Path(folder), tuple(options.apart))
        times[case.name] = times_ms
        rows.append(
            {
                "case": case.name,
                "p50_ms": median(times_ms),
                "p95_ms": percentile_95(times_ms),
                "max_ms": max(times_ms),
                "times_floor": percentile_95(times_ms) / percentile_95(times[FLOOR]) if FLOOR in times else None,
                **figures,
            }
        )
    goals = [Goal(f"p95 of a key in ms, {name}", TARGET_P95_MS, percentile_95(some), at_most=True)
             for name, some in times.items() if name != FLOOR]  # fmt: skip
    frames = max((float(row["most_frames"] or 0) for row in rows), default=None)
    goals.append(Goal("most frames in a second", MOST_FRAMES_PER_S, frames, at_most=True))
    return Report(
        benchmark="bench.keys",
        conditions={
            "keys in each case": options.keys,
            "apart, s": f"{options.apart[0]:g} to {options.apart[1]:g}",
            "model": options.model or "none",
            "trained": options.train,
        },
        columns=COLUMNS,
        rows=rows,
        goals=goals,
        raw={"times_ms": times},
    )


def _reference(model: str) -> str:
    """A path as a whole one, since the program runs elsewhere; `starter` and the like as they are."""
    return str(Path(model).resolve()) if "/" in model and Path(model).exists() else model


def main() -> None:
    # Asked to end, it ends as by an error, so that the trainer ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended before its time"))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keys", type=int, default=200, help=f"how many keys in each case, at most {len(LETTERS)}")
    parser.add_argument(
        "--apart", type=float, nargs=2, default=_APART_S, metavar="S", help="least and longest time between keys, in s"
    )
    parser.add_argument("--model", default="", metavar="REF", help="a model to stream as well")
    parser.add_argument("--train", default="starter", metavar="REF", help="which model is trained meanwhile")
    parser.add_argument("--only", default="", metavar="WORDS", help="only cases whose names hold one of these words")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    print(show(report(options), as_json=options.json))


if __name__ == "__main__":
    main()
