"""`tunesmith tune`: fine-tune a model on data, in a process that outlives this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Unpack

import typer

from engine.cli.group import command_group
from engine.cli.option_sets import takes_option_sets
from engine.cli.output import narrate, out_json
from engine.cli.plan_options import PlanOptions, told_plan
from engine.cli.run_words import watch
from engine.corpus.place import find_local
from engine.corpus.spec import DataSpec
from engine.errors import Misuse
from engine.models.reference import RunModel, parse
from engine.paths import Paths, find_paths
from engine.runs import Plan, RunFolder, create, find_run, start
from engine.runs.plan import read_plan
from engine.runs.starting import launcher_argv

app = command_group("Fine-tune a model on data.")


@app.command()
@takes_option_sets
def tune(
    *,
    model: Annotated[str, typer.Option(metavar="REF", help="What to start from: a hub name, a folder, run:NAME.")] = "",
    data: Annotated[
        str,
        typer.Option(
            metavar="PATH|NAME", help="A file, a folder, a hub data set, or lesson, which ships with Tunesmith."
        ),
    ] = "",
    plan: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Repeat a plan.json; other options change it.", dir_okay=False)
    ] = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="What to call the run.")] = "",
    follow: Annotated[bool, typer.Option("--follow", help="Watch it; Ctrl+C ends the watching alone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; with --follow every event.")] = False,
    **options: Unpack[PlanOptions],
) -> None:
    """Fine-tune a model. The run goes on in the background, whatever becomes of this terminal."""
    start_from = read_plan(plan) if plan is not None else None
    if start_from is None and not (model and data):
        raise Misuse("Name a model and data, or a plan", "tunesmith tune --model gpt2 --data reviews.jsonl")
    wanted = told_plan(start_from or Plan(model="", data=DataSpec(source="")), model, data, options)
    paths = find_paths()
    _look_whether_it_is_there(wanted, paths)
    _begin(create(paths.runs, wanted, name), follow=follow, as_json=as_json)


def _look_whether_it_is_there(plan: Plan, paths: Paths) -> None:
    """Tell now what the trainer, which nobody may be watching, would tell later. The hub is not asked."""
    match parse(plan.model, paths):
        case RunModel(run=run):
            find_run(paths.runs, run)
    for source in filter(None, (plan.data.source, plan.data.eval_source)):
        find_local(source)
    launcher_argv(plan.launcher)


def _begin(run: RunFolder, *, follow: bool, as_json: bool) -> None:
    pid = start(run)
    if as_json and not follow:
        out_json({"name": run.name, "folder": str(run.path), "pid": pid})
    elif not as_json:
        narrate(f"Started {run.name}. It goes on without this terminal.")
        narrate(f"Watch it: tunesmith runs follow {run.name} · pause it: tunesmith runs pause {run.name}")
    if follow:
        watch(run, as_json=as_json)
