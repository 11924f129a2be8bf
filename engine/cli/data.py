"""`tunesmith data`: what is in a data set, and what a model would see of it; what is kept of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Unpack

import typer

from engine.cli.data_options import DataOptions, told_spec
from engine.cli.data_words import faults_in_words, opened_in_words, report_in_words, row_in_words
from engine.cli.group import command_group
from engine.cli.models import progress_line
from engine.cli.option_sets import takes_option_sets
from engine.cli.output import is_terminal, narrate, out, out_json, redraw
from engine.corpus.client import DataProcess
from engine.corpus.messages import (
    AnyDataAnswer,
    AnyDataCommand,
    DataOpened,
    Fetching,
    OpenData,
    RowsShown,
    ShowRows,
    SurveyData,
    Surveyed,
    SurveyProgress,
)
from engine.corpus.prepared import prune_prepared
from engine.corpus.spec import DataSpec
from engine.figures import human_bytes, plural
from engine.paths import find_paths

app = command_group("Show what is in a data set, and what a model would see of it.", no_args_is_help=True)


_DAY_S = 86_400.0


@app.callback()
def data() -> None:
    """Show what is in a data set, and what a model would see of it."""


@app.command()
@takes_option_sets
def show(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PATH|HUB_NAME", help="A file, a folder, a hub data set, or lesson, which ships with Tunesmith."
        ),
    ],
    *,
    model: Annotated[
        str, typer.Option(metavar="REF", help="Count in the tokens of this model, and show what it would see.")
    ] = "",
    max_length: Annotated[int, typer.Option(metavar="N", min=0, help="Show what is cut beyond N tokens.")] = 0,
    row: Annotated[int, typer.Option(metavar="N", min=1, help="The first row that is shown.")] = 1,
    count: Annotated[int, typer.Option(metavar="N", min=0, help="How many rows are shown.")] = 3,
    tokens: Annotated[bool, typer.Option("--tokens", help="Show the rows token by token; needs --model.")] = False,
    rows_only: Annotated[bool, typer.Option("--rows-only", help="Show rows without counting all of them.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines instead of text.")] = False,
    **options: Unpack[DataOptions],
) -> None:
    """Show shape, faults, lengths and some rows of a data set."""
    spec = told_spec(DataSpec(source=""), source, options)
    commands: list[AnyDataCommand] = [OpenData(id=1, spec=spec, model=model, max_length=max_length)]
    if not rows_only:
        commands.append(SurveyData(id=2))
    if count:
        commands.append(ShowRows(id=3, first=row, count=count))
    with DataProcess(find_paths().log / "data.log") as process:
        for command in commands:
            for answer in _without_progress(process.ask(command)):
                if as_json:
                    out_json(answer)
                else:
                    _tell(answer, tokens=tokens, first=row)


@app.command()
def prune(
    *,
    older_than: Annotated[
        float, typer.Option(metavar="DAYS", min=0, help="Only what was not used for so long; 0 takes all.")
    ] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be freed, and free nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Free what is kept of prepared data for the next run. No run loses anything by it."""
    freed = prune_prepared(
        find_paths().prepared,
        now=time.time(),
        max_bytes=sys.maxsize if older_than else 0,
        max_age_s=older_than * _DAY_S,
        dry=dry_run,
    )
    if as_json:
        kept = [{"folder": str(one.folder), "size_bytes": one.size_bytes} for one in freed.kept]
        out_json({"freed_sets": freed.sets, "freed_bytes": freed.size_bytes, "kept": kept})
        return
    verb = "would be free again" if dry_run else "are free again"
    narrate(f"{human_bytes(freed.size_bytes)} of {plural(freed.sets, 'data set')} {verb}.")
    if freed.kept:
        size = human_bytes(sum(one.size_bytes for one in freed.kept))
        narrate(f"{size} of {plural(len(freed.kept), 'data set')} stay: in use by a run, or used lately.")


def _tell(answer: AnyDataAnswer, *, tokens: bool, first: int) -> None:
    match answer:
        case DataOpened():
            out(opened_in_words(answer))
        case Surveyed(report=report):
            out("\n" + report_in_words(report))
            if report.faults:
                narrate(f"\n{faults_in_words(report)}")
        case RowsShown(rows=rows):
            for view in rows:
                out("\n" + row_in_words(view, tokens=tokens))
            if not rows:
                narrate(f"There is no row {first:,}.")
        case _:
            return


def _without_progress(answers: Iterator[AnyDataAnswer]) -> Iterator[AnyDataAnswer]:
    """Draw progress on a terminal's stderr, and hand on the rest."""
    width = 0
    draw: Callable[[str, int], int] = redraw if is_terminal(sys.stderr) else lambda text, width: 0
    for answer in answers:
        if isinstance(answer, SurveyProgress | Fetching):
            width = draw(_progress_words(answer), width)
            continue
        if width:
            draw("", width)
            sys.stderr.write("\r")
        yield answer


def _progress_words(answer: SurveyProgress | Fetching) -> str:
    if isinstance(answer, SurveyProgress):
        return f"{plural(answer.rows, 'row')} counted"
    return f"The {answer.what}: {progress_line(answer.progress)}"
