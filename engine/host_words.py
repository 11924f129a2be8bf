"""What the model host could not do, and why it is not there, in words."""

from __future__ import annotations

import signal
from collections.abc import Iterator

from engine.errors import TunesmithError
from engine.protocol import Failed


def error_of(event: Failed) -> TunesmithError:
    """The error that an event tells of, with its exit code."""
    error = TunesmithError(event.title, event.hint)
    error.code = event.code
    error.exit_code = next((kind.exit_code for kind in _tree(TunesmithError) if kind.code == event.code), 1)
    return error


def _tree(root: type[TunesmithError]) -> Iterator[type[TunesmithError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _tree(kind)


def died(request_id: int, status: int, last_words: str) -> Failed:
    """It ended while it was asked for something; a negative status is the signal that killed it."""
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        how = f"was killed by {name}"
    else:
        how = f"ended by itself with exit code {status}"
    hint = "The next message starts it again."
    if status == -signal.SIGKILL:
        hint = f"Often the system ran out of memory: a smaller model needs less. {hint}"
    if last_words:
        hint = f"{hint} Its last line in the log: {last_words}"
    return Failed(id=request_id, code="host-died", title=f"The model host {how}", hint=hint)


def not_started(request_id: int, program: str, error: OSError) -> Failed:
    """The system would not start it."""
    return Failed(
        id=request_id,
        code="host-died",
        title=f"The model host could not be started with {program}: {error.strerror or error}",
        hint="Close some programs if the system is out of memory or processes; else install Tunesmith again.",
    )


def other_version(request_id: int, version: str) -> Failed:
    """The program was changed while it ran, or two installations are mixed."""
    return Failed(
        id=request_id,
        code="host-died",
        title=f"The model host is of another version than this program{f' ({version})' if version else ''}",
        hint="Tunesmith was changed while it ran: quit and start it again. If that does not help, install it again.",
    )


def closing(request_id: int) -> Failed:
    """Whoever asked has closed it."""
    return Failed(id=request_id, code="cancelled", title="The model host was closed")
