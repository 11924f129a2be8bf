"""What a streamed word costs on the screen, and what it takes to open a long conversation.

    python -m bench.ui [--rounds N] [--paints N] [--quick] [--only WORDS] [--json]

Milliseconds of processor time for a painted word, and those that pass until a conversation is open, for the transcript
and, in turns with it, for what the toolkit offers: every turn a `Static`, and every turn a `Markdown`, all mounted. A
word is painted 30 times a second, so that a frame's share is that of 33 ms; beyond the whole of it a screen falls
behind. Processor time is hardly changed by others; ratios are what counts all the same.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Markdown, Static

from bench.reporting import Column, Goal, Report, Row, alternating, median, ratio, show
from bench.rivals.processes import is_chosen
from tui.state.turns import TurnLine
from tui.widgets.transcript import Transcript

SIZE = (120, 40)
PAINT_EVERY_S = 1 / 30
WORDS = (
    *("the", "lighthouse", "blinked", "three", "short", "and", "one", "long", "while", "**ships**", "passed", "by"),
    *("in", "`fog`", "and", "rain"),
)
PROSE, LIST, FENCE = "prose", "list", "fence"
WORDS_PER_LINE = 12


def reply_text(words: int, shape: str) -> str:
    """A reply of so many words: paragraphs, one long list, or one long fence."""
    lines = [
        " ".join(WORDS[(start + i) % len(WORDS)] for i in range(min(WORDS_PER_LINE, words - start)))
        for start in range(0, words, WORDS_PER_LINE)
    ]
    if shape == LIST:
        return "\n".join(f"- {line}" for line in lines)
    if shape == FENCE:
        return "```python\n" + "\n".join(lines)
    return "".join(line + ("\n\n" if number % 6 == 5 else " ") for number, line in enumerate(lines))


def conversation(turns: int) -> tuple[TurnLine, ...]:
    """Questions and answers of some 60 words."""
    answer = reply_text(60, PROSE)
    return tuple(
        TurnLine(id=i, role="user", label="You", text=f"Question {i}?")
        if i % 2
        else TurnLine(id=i, role="assistant", label="gpt2", text=answer, figures="60 tokens · 24 tokens/s")
        for i in range(1, turns + 1)
    )


class Shown(Protocol):
    """A way to show a conversation."""

    def open(self, lines: Sequence[TurnLine]) -> None:
        """Show a conversation."""

    async def paint(self, text: str) -> None:
        """Show so much of a reply at its end."""


class Ours(Transcript):
    """The program's own."""

    lines: tuple[TurnLine, ...] = ()

    def open(self, lines: Sequence[TurnLine]) -> None:
        """Show a conversation."""
        self.lines = tuple(lines)
        self.draw(self.lines)

    async def paint(self, text: str) -> None:
        """Show so much of a reply at its end."""
        self.draw((*self.lines, TurnLine(id=-1, role="assistant", label="gpt2", text=text, live=True)))


class OursMarkdown(Ours):
    """The program's own, with replies as Markdown."""

    def on_mount(self) -> None:
        """Switch it over."""
        super().on_mount()
        self.markdown = True


class AllStatic(VerticalScroll):
    """Every turn a Static, the last one updated with all of its text."""

    def open(self, lines: Sequence[TurnLine]) -> None:
        """Show a conversation."""
        self.anchor()
        self.last = Static("", markup=False)
        self.mount_all([*(Static(line.text, markup=False) for line in lines), self.last])

    async def paint(self, text: str) -> None:
        """Show so much of a reply at its end."""
        self.last.update(text)


class AllMarkdown(VerticalScroll):
    """Every turn a Markdown, the last one appended to, as its documentation advises."""

    def open(self, lines: Sequence[TurnLine]) -> None:
        """Show a conversation."""
        self.anchor()
        self.last = Markdown("")
        self.shown = ""
        self.mount_all([*(Markdown(line.text) for line in lines), self.last])

    async def paint(self, text: str) -> None:
        """Show so much of a reply at its end."""
        await self.last.append(text[len(self.shown) :])
        self.shown = text


class Bench(App[None]):
    """One of them, alone."""

    def __init__(self, kind: type[Widget]) -> None:
        super().__init__()
        self.kind = kind

    def compose(self) -> ComposeResult:
        """The widget alone."""
        yield self.kind()


async def settled(pilot: Pilot[None]) -> None:
    for _ in range(3):
        await pilot.pause()


async def measure(kind: type[Widget], turns: int, words: int, shape: str, paints: int) -> dict[str, float]:
    """Milliseconds to open, and CPU for each word painted at the end of a reply of so many words, 30 times a second."""
    lines = conversation(turns)
    text = reply_text(words, shape)
    async with Bench(kind).run_test(size=SIZE) as pilot:
        await settled(pilot)
        shown: Shown = pilot.app.query_one(kind)  # type: ignore[assignment]
        began_cpu, began = time.process_time(), time.perf_counter()
        shown.open(lines)
        await settled(pilot)
        opened_cpu, opened = time.process_time() - began_cpu, time.perf_counter() - began
        await shown.paint(text)
        await settled(pilot)
        began_cpu = time.process_time()
        for number in range(paints):
            text += " " + WORDS[number % len(WORDS)]
            await shown.paint(text)
            await asyncio.sleep(PAINT_EVERY_S)
        painted_cpu = time.process_time() - began_cpu
        return {"open_cpu_ms": opened_cpu * 1e3, "open_ms": opened * 1e3, "paint_cpu_ms": painted_cpu * 1e3 / paints}


OURS, RIVAL_STATIC, RIVAL_MARKDOWN = "transcript, raw", "all Static", "all Markdown"
KINDS: dict[str, type[Widget]] = {
    OURS: Ours,
    "transcript, markdown": OursMarkdown,
    RIVAL_STATIC: AllStatic,
    RIVAL_MARKDOWN: AllMarkdown,
}
RIVAL_MOST_TURNS = {RIVAL_STATIC: 2_000, RIVAL_MARKDOWN: 200}
"""Mounting 2,000 Markdown widgets takes minutes."""
FEW_TURNS, MANY_TURNS = 20, 2_000
MOST_GROWTH = 1.5
"""How much dearer a word may be behind a hundred times as many turns; the rest is noise."""
COLUMNS = (
    Column("turns", "turns", "d"),
    Column("words", "words", "d"),
    Column("shape", "shape"),
    Column("widget", "widget"),
    Column("open_ms", "open ms", ".0f"),
    Column("paint_cpu_ms", "CPU ms a word", ".2f"),
    Column("share_of_frame", "of a frame", ".0%"),
    Column("times_ours", "x transcript", ".1f"),
)

Case = tuple[int, int, str]
"""Turns, words and shape of the reply."""
Figures = Mapping[str, float]


def cases(quick: bool) -> list[Case]:
    """All of them, or two."""
    if quick:
        return [(FEW_TURNS, 50, PROSE), (200, 1_000, PROSE)]
    by_turns = [(turns, 50, PROSE) for turns in (FEW_TURNS, 200, MANY_TURNS)]
    by_words = [(FEW_TURNS, words, shape) for words in (1_000, 5_000) for shape in (PROSE, LIST, FENCE)]
    return by_turns + by_words


async def run(options: argparse.Namespace) -> dict[Case, dict[str, list[Figures]]]:
    """Measure every case: the widgets in turns, as many rounds as are wanted."""
    found: dict[Case, dict[str, list[Figures]]] = {}
    for case in cases(options.quick):
        turns, words, shape = case
        names = [name for name in KINDS if turns <= RIVAL_MOST_TURNS.get(name, turns) and is_chosen(name, options.only)]
        found[case] = {name: [] for name in names}
        for _, name in alternating(names, options.rounds):
            few = options.paints if name not in RIVAL_MOST_TURNS else max(5, options.paints // 5)
            found[case][name].append(await measure(KINDS[name], turns, words, shape, few))
            if sys.stderr.isatty():
                print(".", end="", file=sys.stderr, flush=True)
    return found


def report(options: argparse.Namespace, found: Mapping[Case, Mapping[str, Sequence[Figures]]]) -> Report:
    """Medians, ratios and the goal."""

    def middle(case: Case, name: str, key: str) -> float | None:
        return median([figures[key] for figures in found.get(case, {}).get(name, ())])

    rows: list[Row] = []
    for case, by_name in found.items():
        for name in by_name:
            painted = middle(case, name, "paint_cpu_ms")
            rows.append(
                {
                    **dict(zip(("turns", "words", "shape"), case, strict=True)),
                    "widget": name,
                    "open_ms": middle(case, name, "open_ms"),
                    "paint_cpu_ms": painted,
                    "share_of_frame": ratio(painted, PAINT_EVERY_S * 1e3),
                    "times_ours": ratio(painted, middle(case, OURS, "paint_cpu_ms")),
                }
            )
    few, many = (middle((turns, 50, PROSE), OURS, "paint_cpu_ms") for turns in (FEW_TURNS, MANY_TURNS))
    what = f"a word behind {MANY_TURNS:,} turns, times behind {FEW_TURNS}"
    return Report(
        benchmark="bench.ui",
        conditions={"medians of rounds": options.rounds, "words in each": options.paints},
        columns=COLUMNS,
        rows=rows,
        goals=[Goal(what, MOST_GROWTH, ratio(many, few), at_most=True)],
        skipped={
            name: f"not with more than {most:,} turns: it takes minutes"
            for name, most in RIVAL_MOST_TURNS.items()
            if any(turns > most for turns, _, _ in found)
        },
        raw={f"{turns} {words} {shape}": dict(by_name) for (turns, words, shape), by_name in found.items()},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--paints", type=int, default=60, metavar="N", help="words to paint in each case")
    parser.add_argument("--quick", action="store_true", help="two cases only")
    parser.add_argument("--only", default="", metavar="WORDS", help="only widgets whose names hold one of these words")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    print(show(report(options, asyncio.run(run(options))), as_json=options.json))


if __name__ == "__main__":
    main()
