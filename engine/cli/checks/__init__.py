"""What `tunesmith doctor` looks at. Nothing is changed, and nothing is asked of the network."""

from __future__ import annotations

from collections.abc import Mapping

from engine.cli.checks.first_token import check_first_token
from engine.cli.checks.installation import check_computing, check_program
from engine.cli.checks.places import check_folders, check_models, check_own_files, check_prepared
from engine.cli.checks.record import Check, State
from engine.cli.checks.terminal import check_terminal
from engine.paths import Paths

__all__ = ["Check", "State", "examine"]


def examine(paths: Paths, environ: Mapping[str, str]) -> tuple[Check, ...]:
    """Look at everything; torch and the starter are asked in processes of their own."""
    return (
        *check_program(),
        *check_computing(paths),
        *check_folders(paths, environ),
        *check_prepared(paths),
        *check_own_files(paths),
        *check_models(paths, environ),
        *check_terminal(environ),
        *check_first_token(paths, environ),
    )
