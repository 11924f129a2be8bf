"""`tunesmith runs`: what was trained and what is being trained, without the screen."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated

import msgspec
import typer

from engine.cli.consent import Yes, check_somebody_is_there
from engine.cli.consent import ask as ask_before
from engine.cli.group import command_group
from engine.cli.output import is_terminal, narrate, out, out_json, table, terminal_columns
from engine.cli.run_words import watch
from engine.display import visible_line
from engine.figures import human_bytes, human_duration
from engine.paths import find_paths
from engine.runs import (
    Request,
    RunFolder,
    ask,
    find_run,
    list_checkpoints,
    list_runs,
    read_state,
    start,
)
from engine.runs import delete as delete_run
from engine.runs import rename as rename_run
from engine.runs.checkpoints import Checkpoint
from engine.runs.control import when_words
from engine.runs.gains import read_gains
from engine.runs.state import without_frames
from engine.runs.store import RunSummary, summarise

app = command_group("List, watch, pause, resume, stop, rename and delete training runs.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="RUN", help="The name that `runs list` shows.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List runs, newest first."""
    found = list_runs(find_paths().runs)
    if as_json:
        for one in found:
            _out_json(one)
        return
    if not found:
        narrate("There are no runs yet. Start one: tunesmith tune --model REF --data PATH")
        return
    headers = ("NAME", "STATE", "STEP", "BEST LOSS", "METHOD", "MADE", "SIZE", "MODEL", "DATA")
    rows = [_row(one) for one in found]
    columns = terminal_columns() if is_terminal(sys.stdout) else 0
    out(table(headers, rows, right=(2, 3, 6), columns=columns))


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show how a run stands, with its plan and its checkpoints."""
    run = _find(name)
    summary, checkpoints, gains = summarise(run), list_checkpoints(run), read_gains(run.events_file)
    if as_json:
        _out_json({"run": summary, "checkpoints": checkpoints, "gains": gains})
        return
    for label, text in _facts(summary):
        out(f"{label:<12}{visible_line(text)}")
    for line in without_frames(summary.state.log_lines):
        out(f"{'log':<12}{visible_line(line)}")
    if gains:
        out("")
        out(table(("DID IT HELP?", "BEFORE", "BEST", ""), [gain.words for gain in gains], right=(1, 2)))
    if checkpoints:
        out("")
        out(table(("CHECKPOINT", "LOSS", "SIZE", ""), [_checkpoint_row(run, one) for one in checkpoints], right=(1, 2)))


@app.command("follow")
def follow_(
    name: Name,
    as_json: Annotated[bool, typer.Option("--json", help="Print every event as a line of JSON.")] = False,
) -> None:
    """Watch a run from its beginning until it ends or pauses. Ctrl+C ends the watching, not the run."""
    watch(_find(name), as_json=as_json)


@app.command()
def pause(name: Name, as_json: AsJson = False) -> None:
    """Save the state of a run and end its process, to go on later. `resume` goes on exactly."""
    _ask(_find(name), "pause", as_json=as_json)


@app.command()
def stop(name: Name, as_json: AsJson = False) -> None:
    """End a run early; its work is kept as the result."""
    _ask(_find(name), "stop", as_json=as_json)


@app.command()
def save(name: Name, as_json: AsJson = False) -> None:
    """Save a checkpoint now; the run goes on."""
    _ask(_find(name), "save", as_json=as_json)


@app.command()
def resume(
    name: Name,
    follow_it: Annotated[bool, typer.Option("--follow", help="Watch it from here.")] = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was paused, stopped, failed or died. It goes on from its newest whole checkpoint."""
    run = _find(name)
    offset = run.events_file.stat().st_size if run.events_file.exists() else 0
    pid = start(run)
    if as_json and not follow_it:
        out_json({"name": run.name, "pid": pid})
    elif not as_json:
        narrate(f"{run.name} goes on. Watch it: tunesmith runs follow {run.name}")
    if follow_it:
        watch(run, as_json=as_json, offset=offset)


@app.command()
def rename(
    name: Name,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="What to call it.")],
    as_json: AsJson = False,
) -> None:
    """Call a run something else."""
    run = rename_run(find_paths().runs, _find(name), new_name)
    if as_json:
        out_json({"name": run.name})
    else:
        narrate(f"{name} is now called {run.name}.")


@app.command()
def delete(name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a run, its checkpoints and its result for good."""
    run = _find(name)
    check_somebody_is_there(name, yes=yes)
    ask_before(f"Delete {visible_line(name)} with its checkpoints and its result?", yes=yes)
    size = delete_run(run)
    if as_json:
        out_json({"name": name, "freed_bytes": size})
    else:
        narrate(f"Deleted {name}; {human_bytes(size)} are free again.")


def _out_json(value: object) -> None:
    out_json(msgspec.to_builtins(value, enc_hook=str))  # paths as text


def _find(name: str) -> RunFolder:
    return find_run(find_paths().runs, name)


def _ask(run: RunFolder, request: Request, *, as_json: bool) -> None:
    ask(run, request)
    words = {"pause": "pauses", "stop": "stops", "save": "saves"}[request]
    if as_json:
        out_json({"name": run.name, "asked": request})
    else:
        when = when_words(request, is_preparing=read_state(run).state == "preparing")
        narrate(f"{run.name} {words} {when}.")


def _row(one: RunSummary) -> tuple[str, ...]:
    state, plan = one.state, one.plan
    step = f"{state.step:,}" + (f"/{state.total_steps:,}" if state.total_steps else "")
    return (
        one.name,
        state.state,
        step,
        f"{state.best_loss:.4f}" if state.best_loss is not None else "–",
        plan.method if plan else "?",
        _moment(one.created_s),
        human_bytes(one.size_bytes),
        plan.model if plan else "?",
        plan.data.source if plan else "?",
    )


def _facts(one: RunSummary) -> list[tuple[str, str]]:
    plan, state = one.plan, one.state
    facts = [("run", one.name), ("state", state.words), ("made", _moment(one.created_s))]
    if plan is not None:
        facts += [("model", plan.model), ("data", plan.data.source), ("method", plan.method)]
    if state.eta_s is not None:
        facts.append(("left", human_duration(state.eta_s)))
    if state.best_loss is not None:
        facts.append(("best loss", f"{state.best_loss:.4f} at step {state.best_step:,}"))
    return [*facts, ("folder", str(one.folder)), ("size", human_bytes(one.size_bytes))]


def _checkpoint_row(run: RunFolder, one: Checkpoint) -> tuple[str, ...]:
    loss = f"{one.loss:.4f}" if one.loss is not None else "–"
    return (f"run:{run.name}@{one.step}", loss, human_bytes(one.size_bytes), "best" if one.best else "")


def _moment(time_s: float) -> str:
    return f"{datetime.fromtimestamp(time_s):%Y-%m-%d %H:%M}"
