"""Command groups: plain text only, and sub-commands imported when somebody uses them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, ClassVar, cast

import typer
from typer.core import TyperGroup

from engine.errors import Misuse

_WIDEST = 110
"""Columns of the help; a narrower terminal is filled."""


def command_group(help_text: str, **options: Any) -> typer.Typer:
    """Make a group (or a single command) as all of this command line are: no rich, no shell-completion options."""
    return typer.Typer(
        help=help_text,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _WIDEST},
        **options,
    )


class LazyGroup(TyperGroup):
    """A group that knows its sub-commands by name and first line, and imports one only to run it.

    Subclasses fill `entries`: the sub-command's name -> (the module whose `app` it is, one line of help).
    """

    entries: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # The names alone: they are what "did you mean" looks at.
        self.commands = cast(Any, dict.fromkeys(self.entries))

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the module of a sub-command and take its command; None for an unknown name."""
        if cmd_name not in self.entries:
            return None
        module, _ = self.entries[cmd_name]
        try:
            app = importlib.import_module(module).app
        except ModuleNotFoundError as missing:
            if missing.name != module:
                raise
            raise Misuse(f"`{cmd_name}` is not part of this version") from missing
        command = typer.main.get_command(app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the sub-commands from the table, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.entries.items()])
