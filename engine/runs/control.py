"""Requests to a living trainer: it looks after each step, and takes what it finds."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

from engine.atomic import write_atomically
from engine.errors import Refused
from engine.runs.folder import RunFolder
from engine.runs.lock import is_locked

Request = Literal["stop", "pause", "save"]
_REQUESTS: tuple[Request, ...] = ("stop", "pause", "save")


def ask(run: RunFolder, request: Request) -> None:
    """Ask the trainer of a run for something; it answers in its log, after the step that it is at.

    Raises:
        Refused: Nobody trains the run.
    """
    if not is_locked(run.lock_file):
        raise Refused(f"{run.name} is not being trained", f"See how it stands: tunesmith runs show {run.name}")
    write_request(run.control_file, request)


def when_words(request: Request, *, is_preparing: bool) -> str:
    """When a trainer does what it was asked for; one that gets ready ends at once, where it is asked to end."""
    if not is_preparing:
        return "after the step that it is at"
    return "after its first step" if request == "save" else "before its first step"


def write_request(file: Path, request: Request) -> None:
    """Leave a request; it replaces one that was not taken yet, save that nothing replaces a stop."""
    if pending_request(file) != "stop":
        write_atomically(file, request.encode())


def take_request(file: Path) -> Request | None:
    """Take the request that is there; None where there is none."""
    request = pending_request(file)
    if request is not None:
        clear_request(file)
    return request


def clear_request(file: Path) -> None:
    """Forget a request that nobody took."""
    with contextlib.suppress(OSError):
        file.unlink()


def pending_request(file: Path) -> Request | None:
    """The request that is there, which stays; None where there is none."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    return next((request for request in _REQUESTS if text == request), None)
