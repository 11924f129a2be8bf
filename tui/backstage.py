"""An event loop in a thread of its own, for work whose waiting must not hold up the keys."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_JOIN_S = 10.0


class Backstage:
    """Starts with its first task, and stays until it is closed, so that what one task opened another can use."""

    def __init__(self, name: str) -> None:
        """Prepare; nothing is started yet."""
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def submit(self, task: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine there."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(task, self._loop)

    def call(self, what: Callable[[], object]) -> None:
        """Call something there soon; nothing happens where nothing was started, or it was closed."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what)

    def close(self) -> None:
        """End the thread once all that was called has had its turn. Not for an event loop."""
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_JOIN_S)
        if not self._thread.is_alive():
            self._loop.close()
            self._loop = None
