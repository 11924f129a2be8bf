"""What the command `tunesmith` runs."""

from __future__ import annotations

import os
import sys


def main(argv: list[str] | None = None) -> int:
    """Open the program, or run a command of the command line.

    Args:
        argv: The arguments after the program's name; None takes them from the process.

    Returns:
        The exit code.
    """
    # So that neither a help page nor a usage error of ours, in whichever group, waits for rich.
    os.environ.setdefault("TYPER_USE_RICH", "false")
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments:  # straight to the first frame, without the command-line library
        from engine.cli.reporting import guard

        return guard(lambda: _open_screen("", "", ""))
    from engine.cli.app import main as run_command

    return run_command(arguments, _open_screen)


def _open_screen(model: str, template: str, run: str) -> int:
    from tui.app import run as run_app

    return run_app(model=model, template=template, run=run)
