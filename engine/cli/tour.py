"""`tunesmith tour`: the first minute, step by step."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.group import command_group
from engine.cli.output import is_terminal, narrate, out, out_json
from engine.cli.run_words import follow
from engine.client import HostClient
from engine.display import visible_line
from engine.errors import Cancelled, Failed
from engine.paths import find_paths
from engine.runs import bring, create, start
from engine.starter import PROBES
from engine.templates import Library
from engine.tour import Answer, answers, ended_with_us, guest_home, lesson_plan, losses

app = command_group("Meet the starter, teach it something, and hear the difference.")

_NEXT = """What next:
  tunesmith                                                   the program itself; F9 teaches, F1 shows all keys
  tunesmith tune --model starter --data YOUR.jsonl --follow   your own data: text, or questions with answers
  tunesmith models get gpt2                                   a larger model, to talk to and to teach"""


@app.command()
def tour(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Keep what it learned, as a run; else you are asked.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Ask nothing, and print one JSON object at the end.")] = False,
) -> None:
    """Meet the starter, teach it something, and hear the difference: about a minute, without a network.

    Each step waits for Enter on a terminal, and can be skipped. Nothing stays behind, unless you want it to.
    """
    home = find_paths()
    try:
        with guest_home() as environ:
            _walk(environ, home.runs, keep=keep, asks=not as_json and is_terminal(sys.stdin), as_json=as_json)
    except KeyboardInterrupt:
        raise Cancelled("The tour was ended", "Nothing of it goes on") from None


def _walk(environ: Mapping[str, str], home_runs: Path, *, keep: bool, asks: bool, as_json: bool) -> None:
    paths = find_paths(environ)
    library = Library(paths.templates)

    async def listen(ref: str) -> tuple[Answer, ...]:
        client = HostClient(env=environ)
        try:
            return await answers(client, ref, library)
        finally:
            await client.aclose()

    before: tuple[Answer, ...] = ()
    after: tuple[Answer, ...] = ()
    curve: tuple[float, ...] = ()
    kept = ""
    if _goes_on("1 of 3  Put three questions to the starter, a very small model that ships with Tunesmith", asks):
        before = asyncio.run(listen("starter"))
        _tell(before)
    if _goes_on("2 of 3  Teach it: four hundred questions, answered by a pirate", asks):
        with ended_with_us(create(paths.runs, lesson_plan(), "tour")) as run:
            start(run, environ=environ)
            state = follow(run, as_json=False)
            if state.state != "finished":
                raise Failed(f"The lesson did not come to its end: {state.words}", "`tunesmith doctor` may know why")
            curve = losses(run)
            narrate(f"The loss fell from {curve[0]:.2f} to {curve[-1]:.2f}.")
        if _goes_on("3 of 3  Put the same questions again", asks):
            after = asyncio.run(listen(f"run:{run.name}"))
        if after and not as_json:
            out(_side_by_side(before, after))
        if keep or (asks and _wants_to_keep()):
            kept = bring(run, home_runs, "tour").name
            narrate(f"Kept. Talk to it: tunesmith --model run:{kept}")
    if as_json:
        out_json({"before": before, "after": after, "losses": curve, "kept": kept})
        return
    narrate("\n" + _NEXT)


def _goes_on(step: str, asks: bool) -> bool:
    """Whether to take a step; false skips it."""
    narrate(f"\n{step}")
    if not asks:
        return True
    answer = typer.prompt("Enter goes on, s skips, q ends", default="", show_default=False, err=True)
    if answer.strip().lower().startswith("q"):
        raise typer.Exit
    return not answer.strip().lower().startswith("s")


def _wants_to_keep() -> bool:
    answer: str = typer.prompt("Keep what it learned, as a run? y keeps it", default="", show_default=False, err=True)
    return answer.strip().lower().startswith("y")


def _tell(found: tuple[Answer, ...]) -> None:
    for answer in found:
        narrate(f"  {answer.question}\n    {answer.reply}")


def _side_by_side(before: tuple[Answer, ...], after: tuple[Answer, ...]) -> str:
    """Each question, with what was said to it before and after; texts from a model, so without controls."""
    told = {answer.question: answer.reply for answer in before}
    heard = {answer.question: answer.reply for answer in after}
    lines = []
    for question in PROBES:
        lines += [question, *([f"  before  {visible_line(told[question])}"] if question in told else [])]
        lines.append(f"  after   {visible_line(heard[question])}")
    return "\n".join(lines)
