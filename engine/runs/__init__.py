"""Runs: the directory of each, its log of events, whether it lives, and requests to its trainer.

Nothing here imports torch. The trainer is another process; what it did is what is on the disk.
"""

from __future__ import annotations

from engine.runs.checkpoints import Checkpoint, list_checkpoints
from engine.runs.control import Request, ask
from engine.runs.folder import RunFolder
from engine.runs.history import History, read_history
from engine.runs.log import Batch, read_events
from engine.runs.plan import Plan
from engine.runs.starting import start
from engine.runs.state import RunState, read_state
from engine.runs.store import RunSummary, bring, create, delete, find_run, list_runs, rename

__all__ = [
    "Batch",
    "Checkpoint",
    "History",
    "Plan",
    "Request",
    "RunFolder",
    "RunState",
    "RunSummary",
    "ask",
    "bring",
    "create",
    "delete",
    "find_run",
    "list_checkpoints",
    "list_runs",
    "read_events",
    "read_history",
    "read_state",
    "rename",
    "start",
]
