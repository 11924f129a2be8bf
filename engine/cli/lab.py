"""`tunesmith lab`: prompts compared as a table, by the same engine as the screen's."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.cli.consent import Yes, ask, check_somebody_is_there
from engine.cli.group import command_group
from engine.cli.lab_words import LabView, print_summary_json, print_table
from engine.cli.output import is_terminal, narrate, out, out_json, table, terminal_columns
from engine.display import visible_line
from engine.errors import Cancelled, Failed, Refused
from engine.figures import plural
from engine.lab import Lab, LabRunner, LabStore, Table
from engine.lab.events import LabFinished
from engine.lab.export import export_file, format_of
from engine.lab.figures import cell_figures
from engine.lab.runner import stored_table
from engine.lab.spec import load_spec
from engine.paths import Paths, find_paths
from engine.settings import Settings, load_settings
from engine.templates import Library

app = command_group("Compare prompts on a task, as a table that is never computed twice.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What `lab list` shows.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Export = Annotated[
    Path | None, typer.Option("--export", metavar="FILE", help="Also write the table: .csv, .json or .md.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")]


@app.command()
def run(
    spec: Annotated[Path, typer.Argument(metavar="SPEC.toml", help="What to compare, on which rows.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each cell as a line of JSON when it is there, then a summary.")
    ] = False,
    export: Export = None,
    force: Force = False,
    rows: Annotated[int, typer.Option(metavar="N", help="Take the first N rows only.", min=0)] = 0,
) -> None:
    """Fill a table, print it and say which variation is best.

    Ctrl+C keeps what is done: the same command goes on.
    """
    paths = find_paths()
    _check_export(export, force=force)
    settings = load_settings(paths.settings_file)
    lab = _placed(load_spec(spec, Library(paths.templates), limit=rows), settings)
    filled = Table(lab)
    view = LabView(filled, as_json=as_json)
    with _store(paths) as store:
        try:
            finished = asyncio.run(_fill(LabRunner(store, paths), lab, view))
        except KeyboardInterrupt:
            view.clear()
            raise Cancelled("Interrupted; what is done is kept", "The same command goes on from there") from None
    _print(filled, as_json=as_json)
    if export is not None:
        export_file(filled, export)
        narrate(f"Written to {export}.")
    if finished is not None and finished.failed and not finished.done:
        raise Failed("No cell could be had", "The lines above say why")


@app.command()
def show(name: Name, as_json: AsJson = False, export: Export = None, force: Force = False) -> None:
    """Show a table as far as it is filled."""
    paths = find_paths()
    _check_export(export, force=force)
    with _store(paths) as store:
        filled = stored_table(store, paths, store.load(name))
    if as_json:
        lab = filled.lab
        for row in range(len(lab.rows)):
            for place in range(len(lab.variations)):
                out_json(cell_figures(filled, row, place))
    _print(filled, as_json=as_json)
    if export is not None:
        export_file(filled, export)
        narrate(f"Written to {export}.")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List labs, the newest first."""
    with _store(find_paths()) as store:
        found = store.list()
    if as_json:
        for entry in found:
            out_json(entry)
        return
    if not found:
        narrate("There are no labs yet. Start one: tunesmith lab run SPEC.toml")
        return
    lines = [
        (
            entry.name,
            str(entry.rows),
            str(entry.variations),
            f"{datetime.fromtimestamp(entry.updated_s):%Y-%m-%d %H:%M}",
        )
        for entry in found
    ]
    columns = terminal_columns() if is_terminal(sys.stdout) else 0
    out(table(("NAME", "ROWS", "VARIATIONS", "RUN"), lines, right=(1, 2), columns=columns))


@app.command()
def delete(name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a lab, and the cells that no other one stands on."""
    with _store(find_paths()) as store:
        lab = store.load(name)
        check_somebody_is_there(name, yes=yes)
        ask(f"Delete {visible_line(name)} and its {plural(len(lab.rows) * len(lab.variations), 'cell')}?", yes=yes)
        store.delete(name)
    if as_json:
        out_json({"name": name, "deleted": True})
    else:
        narrate(f"Deleted {visible_line(name)}.")


async def _fill(runner: LabRunner, lab: Lab, view: LabView) -> LabFinished | None:
    finished = None
    async with contextlib.aclosing(runner.run(lab)) as events:
        async for event in events:
            view.show(event)
            if isinstance(event, LabFinished):
                finished = event
    return finished


def _placed(lab: Lab, settings: Settings) -> Lab:
    """A lab with the machine's settings."""
    narrate(
        f"{lab.name}: {plural(len(lab.rows), 'row')}, {plural(len(lab.variations), 'variation')}, "
        f"{plural(len(lab.rows) * len(lab.variations), 'cell')}"
    )
    return msgspec.structs.replace(lab, device=settings.device, dtype=settings.dtype, threads=settings.threads)


def _print(filled: Table, *, as_json: bool) -> None:
    if as_json:
        print_summary_json(filled)
    else:
        print_table(filled)


def _check_export(file: Path | None, *, force: bool) -> None:
    """Say at once what would else be said after an hour.

    Raises:
        Misuse: The name asks for no format that is known.
        Refused: The file is there already.
    """
    if file is None:
        return
    format_of(file)
    if file.exists() and not force:
        raise Refused(f"{file} is there already", "Choose another name, or replace it with --force")


@contextlib.contextmanager
def _store(paths: Paths) -> Iterator[LabStore]:
    store = LabStore(paths.labs_file)
    try:
        yield store
    finally:
        store.close()
