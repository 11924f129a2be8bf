"""Asking before something is gone for good."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from engine.cli.output import is_terminal
from engine.errors import Cancelled, Refused

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


def check_somebody_is_there(name: str, *, yes: bool) -> None:
    """Refuse to delete where nobody can be asked.

    Raises:
        Refused: Without `--yes`, and not at a terminal.
    """
    if not yes and not is_terminal(sys.stdin):
        raise Refused(f"{name} was not deleted: nobody is there to be asked", "Say --yes to delete without asking")


def ask(question: str, *, yes: bool) -> None:
    """Ask, unless the answer was given with the question.

    Raises:
        Cancelled: The answer was no.
    """
    if not yes and not typer.confirm(question, err=True):
        raise Cancelled("Nothing was deleted")
