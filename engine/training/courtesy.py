"""Stepping back while somebody reads a reply: a wait before a step, never so long that a run stands still."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback

MOST_S = 5.0
"""The longest wait before one step."""
LOOK_EVERY_S = 0.02


class Courtesy(TrainerCallback):
    """Waits before each step while a reply streams, at most for as long as the last step took.

    So a run keeps half its speed at least, however long somebody talks. In a run of many processes the first one waits,
    and the others wait for it at the end of the step.
    """

    def __init__(
        self,
        *,
        is_replying: Callable[[], bool],
        is_asked: Callable[[], bool],
        last_step_s: Callable[[], float],
        waited: Callable[[float], object],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take what is looked at and what is told.

        Args:
            is_replying: Whether a reply streams.
            is_asked: Whether something was asked of the trainer, which ends a wait.
            last_step_s: What the last step took, without its wait; 0 before there is one.
            waited: Told the seconds of each wait.
            clock: Seconds that only go forward.
            sleep: Waits between two looks.
        """
        self._is_replying, self._is_asked = is_replying, is_asked
        self._last_step_s, self._waited = last_step_s, waited
        self._clock, self._sleep = clock, sleep

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Let a reply go first."""
        del args, state, control, kwargs
        came_s = self._clock()
        self._wait_until(came_s + min(self._last_step_s(), MOST_S))
        self._waited(self._clock() - came_s)

    def _wait_until(self, deadline_s: float) -> None:
        while (left_s := deadline_s - self._clock()) > 0 and self._is_replying() and not self._is_asked():
            self._sleep(min(LOOK_EVERY_S, left_s))
