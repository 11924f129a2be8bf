"""`tunesmith doctor`: looks over this installation and says what is wrong and what to do about it."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from engine.cli.checks import Check, examine
from engine.cli.group import command_group
from engine.cli.output import narrate, out, out_json
from engine.display import visible_line
from engine.paths import find_paths

app = command_group("Look over this installation and say what is wrong.")

_MARKS = {"ok": "✓", "note": "·", "warning": "!", "broken": "✗"}


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Look over this installation and say what is wrong and what to do; ends with 1 where something is broken."""
    checks = examine(find_paths(), os.environ)
    broken = [check for check in checks if check.state == "broken"]
    if as_json:
        out_json({"ok": not broken, "checks": checks})
    else:
        out("\n".join(_lines(checks)))
        narrate(_verdict(checks))
    if broken:
        raise typer.Exit(1)


def _lines(checks: tuple[Check, ...]) -> list[str]:
    lines: list[str] = []
    group = ""
    for check in checks:
        if check.group != group:
            lines.extend(("", check.group) if group else (check.group,))
            group = check.group
        lines.append(f"  {_MARKS[check.state]} {check.name:<16} {visible_line(check.found)}")
        lines += [f"    {'':<16} {visible_line(line)}" for line in check.hint.splitlines()]
    return lines


def _verdict(checks: tuple[Check, ...]) -> str:
    states = [check.state for check in checks]
    broken, warnings = states.count("broken"), states.count("warning")
    if broken:
        return f"\nBroken: {broken}. See the lines marked {_MARKS['broken']}."
    if warnings:
        return f"\nIt works; worth a look: {warnings}. See the lines marked {_MARKS['warning']}."
    return "\nAll is well."
