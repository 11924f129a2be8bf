"""How long a key takes from the keyboard to the screen while a reply streams.

    python -m bench.keys [--keys N] [--model REF] [--json]

Each case is a whole program on a pseudo-terminal. Letters that are nowhere else on the screen are typed into the
composer one by one, at the uneven pace of a fast typist; the time is from the write of a letter to the arrival of the
first bytes that paint it. The cases: the plainest Textual program, as the floor; Tunesmith while nothing happens;
Tunesmith while a scripted model host streams 1,000 tokens a second; and, with `--model`, while a real model streams as
fast as it can on the same machine. The frames painted a second are counted while nobody types.

95 of 100 keys should be answered within 50 ms, and no more than 30 frames a second be painted, on a machine that does
nothing else.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.terminal import Terminal
from tui.screens.chat.base import BUSY

TARGET_P95_MS = 50
MOST_FRAMES_PER_S = 30
LETTERS = [
    chr(code) for code in (*range(0x100, 0x180), *range(0x400, 0x482), *range(0x180, 0x250)) if chr(code).isalpha()
]
ROOT = Path(__file__).parents[1]
FLOOD_TOKENS_PER_S = 1_000
_PAUSE_S = (0.06, 0.15)
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


def time_keys(terminal: Terminal, letters: Sequence[str], before_each: Prepare) -> list[float]:
    """Type the letters.

    Returns:
        Milliseconds from each one's write to its echo.
    """
    pace = random.Random(7)
    times_ms = []
    for letter in letters:
        time.sleep(pace.uniform(*_PAUSE_S))
        before_each(terminal)
        start = terminal.written_bytes()
        sent_s = time.monotonic() - terminal.started_at
        terminal.type(letter)
        times_ms.append((terminal.wait_for_raw(letter.encode(), start=start) - sent_s) * 1e3)
    return times_ms


def count_frames(terminal: Terminal) -> dict[str, float]:
    """Watch for a while without typing: the mean of the frames a second, and the most in any one second."""
    start = terminal.written_bytes()
    time.sleep(_COUNT_FRAMES_S)
    arrivals = terminal.arrivals_of(_FRAME, start=start)
    most = max((sum(1 for other in arrivals if 0 <= other - each < 1) for each in arrivals), default=0)
    return {"frames_per_s": len(arrivals) / _COUNT_FRAMES_S, "most_frames_in_a_second": most}


def measure(
    command: Sequence[str | Path],
    ready: str,
    *,
    letters: Sequence[str],
    home: Path,
    prepare: Prepare = nothing,
    before_each: Prepare = nothing,
    env: dict[str, str] | None = None,
) -> dict[str, object]:
    """Run one case."""
    folders = {"HOME": str(home), "TUNESMITH_HOME": str(home / "tunesmith"), "HF_HOME": str(home / "hub")}
    config = home / "tunesmith" / "config"
    (config / "templates").mkdir(parents=True)
    (config / "templates" / "endless.toml").write_text(_TEMPLATE, encoding="utf-8")
    (config / "config.toml").write_text('template = "endless"\n', encoding="utf-8")
    with Terminal(command, columns=120, lines=40, env=folders | {"HF_HUB_OFFLINE": "1"} | (env or {}), cwd=ROOT) as it:
        it.wait_for(ready, timeout_s=120)
        prepare(it)
        times_ms = time_keys(it, letters, before_each)
        before_each(it)
        return {"times_ms": times_ms, **summary(times_ms), **count_frames(it)}


def summary(times_ms: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and worst, in milliseconds."""
    cuts = statistics.quantiles(times_ms, n=20, method="inclusive")
    return {"p50_ms": statistics.median(times_ms), "p95_ms": cuts[-1], "max_ms": max(times_ms)}


def run(keys: int, model: str) -> dict[str, dict[str, object]]:
    """All cases, one after the other."""
    letters = LETTERS[:keys]
    fake = [sys.executable, "-m", "tests.integration.program", "fake"]
    flood = {"FAKE_HOST_TOKENS": "10000000", "FAKE_HOST_TOKEN_DELAY_S": str(1 / FLOOD_TOKENS_PER_S)}
    cases: dict[str, Callable[[Path], dict[str, object]]] = {
        "plain textual, idle": lambda home: measure(
            [sys.executable, Path(__file__).with_name("plain_app.py")], "PlainApp", letters=letters, home=home
        ),
        "idle": lambda home: measure(fake, "fake is listening", letters=letters, home=home),
        f"{FLOOD_TOKENS_PER_S:,} tokens/s": lambda home: measure(
            fake, "fake is listening", letters=letters, home=home, prepare=ask, env=flood
        ),
    }
    if model:
        cases[f"model {Path(model).name}"] = lambda home: measure(
            [sys.executable, "-P", "-m", "tui", "--model", model],
            "is listening",
            letters=letters,
            home=home,
            prepare=ask,
            before_each=keep_replying,
        )
    results = {}
    for name, case in cases.items():
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            results[name] = case(Path(folder))
        if sys.stderr.isatty():
            print(".", end="", file=sys.stderr, flush=True)
    return results


def table(results: dict[str, dict[str, object]]) -> str:
    """One line a case."""
    lines = [f"{'while':<24}{'p50 ms':>8}{'p95 ms':>8}{'max ms':>8}{'frames/s':>10}{'most in 1 s':>13}"]
    lines += [
        f"{name:<24}{case['p50_ms']:>8.1f}{case['p95_ms']:>8.1f}{case['max_ms']:>8.1f}"
        f"{case['frames_per_s']:>10.1f}{case['most_frames_in_a_second']:>13}"
        for name, case in results.items()
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--keys", type=int, default=300, help=f"how many keys in each case, at most {len(LETTERS)}")
    parser.add_argument("--model", default="", help="a model to stream as well")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    model = Path(arguments.model)
    results = run(arguments.keys, str(model.resolve()) if model.exists() and arguments.model else arguments.model)
    if arguments.json:
        print(json.dumps({"cases": results, "target_p95_ms": TARGET_P95_MS, "most_frames_per_s": MOST_FRAMES_PER_S}))
        return
    print(table(results))
    print(f"the p95 may be {TARGET_P95_MS} ms, and the frames {MOST_FRAMES_PER_S} a second")


if __name__ == "__main__":
    main()
