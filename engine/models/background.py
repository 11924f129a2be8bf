"""Work on a thread that its caller can leave at any moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from engine.errors import Cancelled

T = TypeVar("T")
_POLL_S = 0.1
_GRACE_S = 1.0
"""How long a cancelled piece of work may take to end tidily; one that waits for a dead connection is left behind."""


def run_in_background(
    work: Callable[[threading.Event], T], *, tick: Callable[[], None], cancelled: Callable[[], bool]
) -> T:
    """Run a piece of work on a thread, and stay in charge.

    Args:
        work: Is given an event and ends soon after that is set.
        tick: Called ten times a second on the calling thread, and once at the end.
        cancelled: Asked as often; true ends it.

    Raises:
        Cancelled: `cancelled` said so.
        Exception: Whatever the work raised.
    """
    stop = threading.Event()
    box: _Box[T] = _Box()

    def body() -> None:
        try:
            box.value = work(stop)
        except BaseException as error:
            box.error = error

    thread = threading.Thread(target=body, name="tunesmith-work", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_POLL_S)
            if cancelled():
                raise Cancelled("Cancelled")
            tick()
    finally:
        if thread.is_alive():
            stop.set()
            thread.join(_GRACE_S)
    if box.error is not None:
        raise box.error
    assert box.value is not None
    return box.value


class _Box(Generic[T]):
    value: T | None = None
    error: BaseException | None = None
