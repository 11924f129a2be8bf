"""What comes before a run's first step and may take long: told in the log as it goes on, and ended when asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from engine.models.records import OnProgress, Progress
from engine.runs.control import Request, pending_request, take_request
from engine.runs.events import Fetched, RowsRead, RunEvent
from engine.runs.folder import RunFolder

TELL_EVERY_S = 1.0


class Preparation:
    """The voice and the ear of a trainer that does not train yet."""

    def __init__(
        self,
        run: RunFolder,
        tell: Callable[[RunEvent], object],
        *,
        listens: bool,
        may_stop: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin.

        Args:
            run: The run.
            tell: Writes an event.
            listens: Whether requests are heard before the first step; not where several processes wait for one another.
            may_stop: Whether a stop ends it here. A run with a checkpoint makes its result first, for which it has to
                be put together.
            clock: Seconds that only go forward.
        """
        self._run, self._tell, self._listens, self._may_stop, self._clock = run, tell, listens, may_stop, clock
        self._told_s = float("-inf")
        self._began_s = clock()

    def fetching(self, what: Literal["model", "data"]) -> OnProgress:
        """Make what is told of the download of a model or a data set, which is read next."""
        self._began_s = self._clock()

        def on_progress(progress: Progress) -> None:
            if progress.stage == "downloading" and self._is_due():
                self._tell(
                    Fetched(
                        what=what,
                        done_bytes=progress.done_bytes,
                        total_bytes=progress.total_bytes,
                        bytes_per_s=progress.bytes_per_s,
                        eta_s=progress.eta_s,
                    )
                )

        return on_progress

    def rows_read(self, rows: int) -> None:
        """So many rows are turned into tokens."""
        if self._clock() - self._began_s > TELL_EVERY_S and self._is_due():
            self._tell(RowsRead(rows=rows))

    def is_ended(self) -> bool:
        """Whether somebody wants it to end."""
        request = pending_request(self._run.control_file) if self._listens else None
        return request == "pause" or (request == "stop" and self._may_stop)

    def take_request(self) -> Request | None:
        """Take what was asked, where that ends it; None where nothing does."""
        return take_request(self._run.control_file) if self.is_ended() else None

    def _is_due(self) -> bool:
        now_s = self._clock()
        if now_s - self._told_s < TELL_EVERY_S:
            return False
        self._told_s = now_s
        return True
