"""The command line's root: its options, its sub-commands, and one place where errors become words.

A sub-command is a module under `engine.cli` with a `typer.Typer` called `app`, and one line in `COMMANDS`.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, ClassVar

import typer

from engine import __version__
from engine.cli.group import LazyGroup, command_group
from engine.cli.output import out
from engine.cli.reporting import guard

Opener = Callable[[str, str, str], int]
"""Opens the terminal program with a model, a template and a run (each may be empty); returns the exit code."""

COMMANDS: dict[str, tuple[str, str]] = {
    "tour": ("engine.cli.tour", "Meet the starter, teach it something, and hear the difference."),
    "generate": ("engine.cli.generate", "Write a reply to a prompt."),
    "tune": ("engine.cli.tune", "Fine-tune a model on data, in the background."),
    "runs": ("engine.cli.runs", "List, watch, pause, resume, stop and delete training runs."),
    "models": ("engine.cli.models", "List, show, download and delete models."),
    "data": ("engine.cli.data", "Show what is in a data set, and what a model would see of it."),
    "templates": ("engine.cli.templates", "List, show, render and check prompt templates."),
    "lab": ("engine.cli.lab", "Compare prompts on rows of data, as a table."),
    "chats": ("engine.cli.chats", "List, show, search, export and delete conversations."),
    "doctor": ("engine.cli.doctor", "Look over this installation and say what is wrong."),
}


class _Root(LazyGroup):
    """The sub-commands of `tunesmith`."""

    entries: ClassVar[Mapping[str, tuple[str, str]]] = COMMANDS


def build_app(open_screen: Opener) -> typer.Typer:
    """Make the root command.

    Args:
        open_screen: Called when no sub-command is given. The engine never imports the screen; its caller passes it in.
    """
    root = command_group(
        "The terminal workbench for small language models. Without a command it opens the program.",
        cls=_Root,
        invoke_without_command=True,
    )

    @root.callback()
    def tunesmith(
        context: typer.Context,
        model: Annotated[str, typer.Option(metavar="REF", help="Open with this model.")] = "",
        template: Annotated[str, typer.Option(metavar="NAME", help="Open with this prompt template.")] = "",
        run: Annotated[str, typer.Option(metavar="RUN", help="Open with this training run beside the chat.")] = "",
        version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    ) -> None:
        if version:
            out(f"tunesmith {__version__}")
            raise typer.Exit()
        if context.invoked_subcommand is None:
            raise typer.Exit(open_screen(model, template, run))

    return root


def main(argv: Sequence[str], open_screen: Opener, environ: Mapping[str, str] = os.environ) -> int:
    """Run the command line.

    Args:
        argv: The arguments after the program's name.
        open_screen: See `build_app`.
        environ: Where the folder for the log is found.

    Returns:
        The exit code: 0 done, 1 failed, 2 usage, 3 not found, 4 refused for safety, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Half a surrogate pair, or a locale that can't write a character, is no reason to end.
            stream.reconfigure(errors="backslashreplace")

    def call() -> int:
        command = typer.main.get_command(build_app(open_screen))
        try:
            command.main(args=list(argv), prog_name="tunesmith")
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        return 0

    return guard(call, as_json="--json" in argv, environ=environ)


def main_without_screen() -> int:
    """Run the command line where there is no terminal program to open, as `python -m engine.cli` does."""

    def no_screen(model: str, template: str, run: str) -> int:
        del model, template, run
        sys.stderr.write("Name a command; see --help.\n")
        return 2

    return main(sys.argv[1:], no_screen)
