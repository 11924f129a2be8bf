"""An event loop whose clock jumps to whatever comes next: what takes seconds takes none, and always as long."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Clock(selectors.DefaultSelector):
    """Passes the time that nobody waits for in earnest."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0 if timeout is not None else None)
        if not found and timeout is not None:
            self.now_s += max(0.0, timeout)
        return found


class JumpingLoop(asyncio.SelectorEventLoop):
    """Its time begins at 0. Nothing on it may wait for threads or processes."""

    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now_s


def run_jumping(main: Coroutine[Any, Any, Result]) -> Result:
    """Run something to its end."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(main)
