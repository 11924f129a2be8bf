"""The files of a run's directory."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

_STEP = re.compile(r"step-(\d+)")


class RunFolder(msgspec.Struct, frozen=True):
    """Where each thing of a run is. Nothing is created by naming it."""

    path: Path

    @property
    def name(self) -> str:
        """What the run is called: the folder's name."""
        return self.path.name

    @property
    def plan_file(self) -> Path:
        """All that is needed to repeat the run."""
        return self.path / "plan.json"

    @property
    def events_file(self) -> Path:
        """What happened, one event a line; only ever appended to."""
        return self.path / "events.jsonl"

    @property
    def lock_file(self) -> Path:
        """Locked by the living trainer; its content means nothing."""
        return self.path / "lock"

    @property
    def control_file(self) -> Path:
        """The last request that the trainer has not taken yet."""
        return self.path / "control"

    @property
    def log_file(self) -> Path:
        """What the trainer and its libraries printed."""
        return self.path / "trainer.log"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def final(self) -> Path:
        """The result: a folder that transformers or peft open."""
        return self.path / "final"

    @property
    def data(self) -> Path:
        """The prepared rows, kept until the run is completed, so that a resumed run sees the very same."""
        return self.path / "data"

    def checkpoint(self, step: int) -> Path:
        """The folder of one checkpoint."""
        return self.checkpoints / f"step-{step}"


def step_of(folder: Path) -> int | None:
    """The step that a checkpoint's folder is named for; None for a folder that is no checkpoint."""
    match = _STEP.fullmatch(folder.name)
    return int(match[1]) if match else None
