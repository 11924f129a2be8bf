"""The options that say what data is meant, shared by every command that takes data."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from engine.corpus.spec import DataSpec, LossOn, Shape, TextRows
from engine.errors import Misuse
from engine.paths import find_paths
from engine.templates import Library
from engine.templates.variables import read_variables

Split = Annotated[str, typer.Option(metavar="S", help="Of a hub data set or folder; train by default.")]
Config = Annotated[str, typer.Option(metavar="NAME", help="The form of a hub data set that has several.")]
ShapeOption = Annotated[Shape | None, typer.Option("--shape", help="What the rows are; guessed by default.")]
TextColumn = Annotated[str, typer.Option(metavar="C", help="The column of raw or labelled text.")]
PromptColumn = Annotated[str, typer.Option(metavar="C", help="The column of prompts or instructions.")]
InputColumn = Annotated[str, typer.Option(metavar="C", help="The column of what an instruction is about.")]
CompletionColumn = Annotated[str, typer.Option(metavar="C", help="The column of completions.")]
LabelColumn = Annotated[str, typer.Option(metavar="C", help="The column of labels.")]
MessagesColumn = Annotated[str, typer.Option(metavar="C", help="The column of conversations.")]
LabelWords = Annotated[str, typer.Option(metavar="A,B,…", help="What each label is called, in their order.")]
TextRowsOption = Annotated[TextRows, typer.Option("--text-rows", help="What is a row of a plain text file.")]
TemplateOption = Annotated[str, typer.Option("--template", metavar="NAME", help="How prompts are dressed.")]
Var = Annotated[list[str] | None, typer.Option(metavar="K=V", help="Fill in a variable; may come often.")]
MaxRows = Annotated[int, typer.Option(metavar="N", min=0, help="So many rows, picked at random; 0 takes all.")]
Streaming = Annotated[bool, typer.Option("--streaming", help="Read a hub data set without keeping it.")]
LossOnOption = Annotated[LossOn, typer.Option("--loss-on", help="What to learn: completions alone, or all.")]


def data_spec(
    source: str,
    *,
    shape: Shape | None = None,
    label_words: str = "",
    template: str = "",
    var: list[str] | None = None,
    **rest: Any,
) -> DataSpec:
    """Make a spec of what the options say.

    Args:
        source: A file, a folder or a hub name.
        shape: None guesses it.
        label_words: As typed, with commas between.
        template: A template's id or name; empty lets shape and model choose.
        var: NAME=TEXT pairs for the template.
        rest: Fields of `DataSpec` as they are.

    Raises:
        Misuse: A variable is set that the template does not have.
        TemplateNotFound: There is no such template.
    """
    chosen = Library(find_paths().templates).get(template) if template else None
    if var and chosen is None:
        raise Misuse("--var fills in a variable of a template, and none was named", "Name one with --template")
    return DataSpec(
        source=source,
        shape=shape or "",
        label_words=tuple(word.strip() for word in label_words.split(",")) if label_words else (),
        template=chosen,
        variables=read_variables(chosen, var) if chosen and var else {},
        **rest,
    )
