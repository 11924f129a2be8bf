"""How fast bytes come, and when the last of them will be here."""

from __future__ import annotations

from collections import deque

import msgspec

_WINDOW_S = 10.0
_LEAST_S = 0.5
"""Less than this says nothing about a speed."""


class Pace(msgspec.Struct, frozen=True):
    """A speed, and what follows from it."""

    bytes_per_s: float = 0.0
    eta_s: float | None = None
    """None where nothing can be said yet, or nothing comes."""


class Speedometer:
    """The average speed of the last ten seconds; bytes that were there at the first reading don't count."""

    def __init__(self, window_s: float = _WINDOW_S) -> None:
        self._window_s = window_s
        self._readings: deque[tuple[float, int]] = deque()

    def read(self, now_s: float, done_bytes: int, total_bytes: int) -> Pace:
        """Take a reading.

        Args:
            now_s: A clock that only goes forward.
            done_bytes: All that has come so far. Less than before (a file starts again) starts the average again.
            total_bytes: All that has to come; 0 where it is not known.
        """
        if self._readings and done_bytes < self._readings[-1][1]:
            self._readings.clear()
        self._readings.append((now_s, done_bytes))
        while len(self._readings) > 2 and self._readings[1][0] <= now_s - self._window_s:
            self._readings.popleft()
        first_s, first_bytes = self._readings[0]
        if now_s - first_s < _LEAST_S:
            return Pace()
        speed = (done_bytes - first_bytes) / (now_s - first_s)
        if not total_bytes or speed <= 0:
            return Pace(max(0.0, speed))
        return Pace(speed, max(0, total_bytes - done_bytes) / speed)
