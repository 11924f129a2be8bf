"""The options that say what data is meant, shared by every command that takes data."""

from __future__ import annotations

from typing import Annotated, TypedDict

import typer

from engine.cli.option_sets import changed, words
from engine.corpus.spec import DataSpec, LossOn, Shape, TextRows
from engine.errors import Misuse
from engine.paths import anchored, find_paths
from engine.templates import Library
from engine.templates.variables import read_variables


class DataOptions(TypedDict, total=False):
    """What can be told of data; None where nothing was."""

    split: Annotated[
        str | None, typer.Option(metavar="S", help="Which split of a hub data set or a folder; train by default.")
    ]
    config: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which configuration of a hub data set that has several.")
    ]
    shape: Annotated[Shape | None, typer.Option(help="What a row is; guessed by default.")]
    text_column: Annotated[str | None, typer.Option(metavar="C", help="The column of raw or labelled text.")]
    prompt_column: Annotated[str | None, typer.Option(metavar="C", help="The column of prompts or instructions.")]
    input_column: Annotated[str | None, typer.Option(metavar="C", help="The column of what instructions are about.")]
    completion_column: Annotated[str | None, typer.Option(metavar="C", help="The column of completions.")]
    label_column: Annotated[str | None, typer.Option(metavar="C", help="The column of labels.")]
    messages_column: Annotated[str | None, typer.Option(metavar="C", help="The column of conversations.")]
    label_words: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="A word for each label, in their order: negative,positive.")
    ]
    text_rows: Annotated[
        TextRows | None,
        typer.Option(help="What a row of a plain text file is; by default its text goes on from row to row."),
    ]
    template: Annotated[
        str | None, typer.Option(metavar="NAME", help="The prompt template that the rows are put into.")
    ]
    var: Annotated[
        list[str] | None,
        typer.Option(metavar="K=V", help="Fill in a variable of the template; may come several times."),
    ]
    loss_on: Annotated[LossOn | None, typer.Option(help="Learn the completion alone (the default), or the prompt too.")]
    max_rows: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Take so many rows, picked at random; 0 takes all.")
    ]
    streaming: Annotated[
        bool | None,
        typer.Option(
            "--streaming/--no-streaming", help="Read a hub data set as it comes, and keep nothing on the disk."
        ),
    ]
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Of all that is random: the same seed gives the same rows.")
    ]


def told_spec(before: DataSpec, source: str, options: DataOptions) -> DataSpec:
    """Change a spec as the options say.

    Args:
        before: What holds where they say nothing.
        source: A file, a folder or a hub name; empty leaves the source alone.
        options: As typed. A template takes its variables along: those of the one before go with it.

    Raises:
        Misuse: A variable is set that the template does not have.
        TemplateNotFound: There is no such template.
    """
    given = dict(options)
    name, var = options.get("template"), options.get("var")
    for taken in ("template", "var", "label_words"):
        given.pop(taken, None)
    chosen = Library(find_paths().templates).get(name) if name else None
    dressed_in = chosen or before.template
    if var and dressed_in is None:
        raise Misuse("--var fills in a variable of a template, and none was named", "Name one with --template")
    variables = {} if chosen else dict(before.variables)
    if var and dressed_in:
        variables |= read_variables(dressed_in, var)
    return changed(
        before,
        {
            **given,
            "source": anchored(source) or None,
            "label_words": words(options.get("label_words")),
            "template": chosen,
            "variables": variables,
        },
    )
