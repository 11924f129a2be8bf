"""Which run to show: at the start, and when somebody starts one, be it in another terminal."""

from __future__ import annotations

from pathlib import Path

from engine.runs.folder import RunFolder
from engine.runs.lock import is_locked
from engine.runs.store import run_folders


def first_run(runs: Path, remembered: str = "") -> RunFolder | None:
    """The run that is being trained, else the one that was shown last, else the newest; None where there is none."""
    there = run_folders(runs)
    alive = next((run for run in there if is_locked(run.lock_file)), None)
    before = next((run for run in there if run.name == remembered), None)
    return alive or before or (there[0] if there else None)


class Arrivals:
    """Tells which runs have begun to train since the last look. Not for the event loop: it reads files."""

    def __init__(self, runs: Path) -> None:
        """Watch a folder of runs; those that train at the first look are no arrivals."""
        self._runs = runs
        self._training: frozenset[str] | None = None

    def look(self) -> tuple[str, ...]:
        """The names of those that train now and did not before, newest first."""
        try:
            training = [run.name for run in run_folders(self._runs) if is_locked(run.lock_file)]
        except OSError:
            return ()
        before, self._training = self._training, frozenset(training)
        return () if before is None else tuple(name for name in training if name not in before)
