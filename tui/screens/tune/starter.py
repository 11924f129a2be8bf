"""Makes the directory of a run and starts its trainer; trying again leaves nothing behind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from engine.errors import TunesmithError
from engine.runs import Plan, RunFolder, create, delete


class Starter:
    """Starts a run, at the second try if need be."""

    def __init__(self, runs: Path, begin: Callable[[RunFolder], int]) -> None:
        """Make it.

        Args:
            runs: The folder of runs.
            begin: Starts the trainer of a run.
        """
        self._runs = runs
        self._begin = begin
        self._failed: RunFolder | None = None

    def start(self, plan: Plan, name: str) -> str:
        """Start a run; blocks until its trainer is up.

        Args:
            plan: What to do.
            name: What to call it; empty makes a name.

        Returns:
            The run's name.

        Raises:
            TunesmithError: It can't be made or started.
        """
        if self._failed is not None:
            # Nothing was learned in it, and what it said was read: it only takes the name.
            with contextlib.suppress(TunesmithError):
                delete(self._failed)
            self._failed = None
        run = create(self._runs, plan, name)
        try:
            self._begin(run)
        except TunesmithError:
            self._failed = run
            raise
        return run.name
