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
def doctor(
    full: Annotated[
        bool, typer.Option("--full", help="Also load, reply, train, save and load again, for about a minute.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look over this installation and say what is wrong and what to do; ends with 1 where something is broken.

    With --full the starter is taught its lesson, in a folder that is gone afterwards, and has to answer otherwise then.
    """
    paths = find_paths()
    printed = _Printed(as_json=as_json)
    checks = [printed.show(check) for check in examine(paths, os.environ)]
    if full:
        if not as_json:
            narrate("\nThe self-test takes about a minute…")
        from engine.cli.checks.whole import self_test

        checks += [printed.show(check) for check in self_test(paths, os.environ)]
    broken = [check for check in checks if check.state == "broken"]
    if as_json:
        out_json({"ok": not broken, "checks": checks})
    else:
        narrate(_verdict(tuple(checks)))
    if broken:
        raise typer.Exit(1)


class _Printed:
    """Prints each check as it is found, under its group; as JSON nothing, as that is one object at the end."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._group = ""

    def show(self, check: Check) -> Check:
        if not self._as_json:
            if check.group != self._group:
                out(f"\n{check.group}" if self._group else check.group)
                self._group = check.group
            out(f"  {_MARKS[check.state]} {check.name:<16} {visible_line(check.found)}")
            for line in check.hint.splitlines():
                out(f"    {'':<16} {visible_line(line)}")
        return check


def _verdict(checks: tuple[Check, ...]) -> str:
    states = [check.state for check in checks]
    broken, warnings = states.count("broken"), states.count("warning")
    if broken:
        return f"\nBroken: {broken}. See the lines marked {_MARKS['broken']}."
    if warnings:
        return f"\nIt works; worth a look: {warnings}. See the lines marked {_MARKS['warning']}."
    return "\nAll is well."
