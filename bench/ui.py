"""What a streamed word costs on the screen, and what it takes to open a long conversation.

Prints milliseconds of CPU per painted word and per opening, for the transcript and, in the same run, for what the
toolkit offers: every turn a `Static`, and every turn a `Markdown`, all mounted. Ratios are what counts; the figures
themselves are of the machine.

    python bench/ui.py [--json] [--paints N] [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

sys.path.insert(0, str(Path(__file__).parent.parent))

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Markdown, Static

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


KINDS: dict[str, type[Widget]] = {
    "transcript, raw": Ours,
    "transcript, markdown": OursMarkdown,
    "rival: all Static": AllStatic,
    "rival: all Markdown": AllMarkdown,
}
RIVAL_MOST_TURNS = {"rival: all Static": 2_000, "rival: all Markdown": 200}
"""Mounting 2,000 Markdown widgets takes minutes."""


def cases(quick: bool) -> list[tuple[int, int, str]]:
    """Turns, words and shape of the reply."""
    if quick:
        return [(20, 50, PROSE), (200, 1_000, PROSE)]
    by_turns = [(turns, 50, PROSE) for turns in (20, 200, 2_000)]
    by_words = [(20, words, shape) for words in (1_000, 5_000) for shape in (PROSE, LIST, FENCE)]
    return by_turns + by_words


async def run(paints: int, quick: bool) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for turns, words, shape in cases(quick):
        for name, kind in KINDS.items():
            if turns <= RIVAL_MOST_TURNS.get(name, turns):
                few = paints if not name.startswith("rival") else max(5, paints // 5)
                figures = await measure(kind, turns, words, shape, few)
                rows.append({"widget": name, "turns": turns, "words": words, "shape": shape, **figures})
                if sys.stderr.isatty():
                    print(".", end="", file=sys.stderr, flush=True)
    return rows


def table(rows: list[dict[str, object]]) -> str:
    lines = [f"{'turns':>6} {'words':>6} {'shape':6} {'widget':22} {'open ms':>9}  CPU ms per word"]
    for row in rows:
        lines.append(
            f"{row['turns']:>6} {row['words']:>6} {row['shape']:6} {row['widget']:22} {row['open_ms']:>9.0f}"
            f" {row['paint_cpu_ms']:>16.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument("--paints", type=int, default=60, help="words to paint in each case")
    parser.add_argument("--quick", action="store_true", help="two cases only")
    options = parser.parse_args()
    rows = asyncio.run(run(options.paints, options.quick))
    print(json.dumps(rows) if options.json else table(rows))


if __name__ == "__main__":
    main()
