"""`tunesmith templates`: what templates there are, what a model would see of one, and whether files are good."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.group import command_group
from engine.cli.output import is_terminal, narrate, out, out_json, table, terminal_columns
from engine.cli.render import render_
from engine.cli.template_check import check, fault_line, fault_object
from engine.cli.template_files import register
from engine.display import visible_line
from engine.paths import find_paths
from engine.protocol import Template
from engine.templates import Library, Listing

app = command_group("List, show, write, render and check prompt templates.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What `templates list` shows as ID or NAME.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the templates: the shipped ones and your own."""
    library = _library()
    listing = library.scan()
    if as_json:
        for template in listing.templates:
            out_json({**_summary(template), "file": listing.files[template.id] or None})
        for fault in listing.faults:
            out_json({"fault": fault_object(fault)})
        return
    rows = [(t.id, t.name, t.kind, _origin(listing, t), t.description) for t in listing.templates]
    columns = terminal_columns() if is_terminal(sys.stdout) else 0
    out(table(("ID", "NAME", "KIND", "FROM", "DESCRIPTION"), rows, columns=columns))
    if listing.faults:
        narrate("\nThese can't be used:")
        for fault in listing.faults:
            narrate(fault_line(fault))
    elif not any(listing.files.values()):
        narrate(f"\nTemplates of your own go into {visible_line(str(library.folder))}")


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Print a template's file: a start for one of your own."""
    library = _library()
    template = library.get(name)
    source = library.source(name)
    if as_json:
        file = library.listing.files[template.id] or None
        out_json({"file": file, "source": source, "template": template})
    else:
        out(source, end="" if source.endswith("\n") else "\n")


app.command("render")(render_)
app.command("check")(check)
register(app)


def _library() -> Library:
    return Library(find_paths().templates)


def _summary(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        "name": template.name,
        "kind": template.kind,
        "description": template.description,
        "variables": template.variables,
    }


def _origin(listing: Listing, template: Template) -> str:
    file = listing.files[template.id]
    return Path(file).name if file else "shipped"
