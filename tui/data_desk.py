"""The process that reads data, as the screen asks it: one question after the other, each of which can be dropped."""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

from engine.corpus.client import DataProcess
from engine.corpus.messages import AnyDataAnswer, AnyDataCommand, CancelData, Fetching, SurveyProgress
from engine.errors import Cancelled, Failed, HostDied

PATIENCE_S = 2.0
"""A question that was dropped may go on for so long; then its process is ended and the next one gets a new one."""

Make = Callable[[int], AnyDataCommand]
DataProgress = SurveyProgress | Fetching
_Tell = Callable[[DataProgress], None]
_Job = Callable[[], object]


class DataDesk:
    """Asks in a thread of its own. Who cancels the task that waits for an answer drops the question."""

    def __init__(self, begin: Callable[[], DataProcess]) -> None:
        """Make the desk; `start` starts the process.

        Args:
            begin: Starts a process; may raise an `OSError`.
        """
        self._begin = begin
        self._ids = itertools.count(1)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._process: DataProcess | None = None
        self._running = 0
        self._dropped: set[int] = set()
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="data", daemon=True)

    def start(self) -> None:
        """Start the process, so that it is there when it is asked."""
        self._thread.start()
        self._jobs.put(self._ready)

    async def ask(self, make: Make, on_progress: Callable[[DataProgress], object] | None = None) -> AnyDataAnswer:
        """Ask something.

        Args:
            make: Makes the command for an id.
            on_progress: Told how many rows are counted, and how far a download has come, on the event loop.

        Returns:
            The last answer.

        Raises:
            TunesmithError: As the process told it.
            HostDied: The process ended unasked; the next question starts a new one.
        """
        number = next(self._ids)
        loop = asyncio.get_running_loop()
        answer: Future[AnyDataAnswer] = Future()

        def tell(progress: DataProgress) -> None:
            if on_progress is not None and not answer.cancelled():
                loop.call_soon_threadsafe(on_progress, progress)

        self._jobs.put(lambda: self._answer(number, make, answer, tell))
        try:
            return await asyncio.wrap_future(answer)
        except asyncio.CancelledError:
            self._drop(number)
            loop.call_later(PATIENCE_S, self._give_up, number)
            raise

    def close(self) -> None:
        """End the process and the thread; waits for both."""
        self._is_closed = True
        self._dropped.add(self._running)
        if self._thread.ident is None:
            return
        self._jobs.put(None)
        if self._process is not None:
            self._process.close()
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        if self._process is not None:
            self._process.close()

    def _ready(self) -> DataProcess | None:
        if self._process is None and not self._is_closed:
            try:
                self._process = self._begin()
            except OSError:
                return None
        return self._process

    def _answer(self, number: int, make: Make, answer: Future[AnyDataAnswer], tell: _Tell) -> None:
        if not answer.set_running_or_notify_cancel():
            return
        self._running = number
        try:
            answer.set_result(self._asked(make(number), tell))
        except Exception as error:
            answer.set_exception(error)
        finally:
            self._running = 0

    def _asked(self, command: AnyDataCommand, tell: _Tell) -> AnyDataAnswer:
        if command.id in self._dropped or self._is_closed:
            raise Cancelled("Reading the data was cancelled")
        process = self._ready()
        if process is None:
            raise Failed("The process that reads data could not be started", "See the log")
        last: AnyDataAnswer | None = None
        try:
            for got in process.ask(command):
                if isinstance(got, SurveyProgress | Fetching):
                    tell(got)
                else:
                    last = got
        except (HostDied, ValueError) as error:  # a ValueError: its pipes were closed under it
            process.close()
            self._process = None
            if command.id in self._dropped:
                raise Cancelled("Reading the data was cancelled") from error
            raise
        assert last is not None
        return last

    def _drop(self, number: int) -> None:
        self._dropped.add(number)
        process = self._process
        if process is not None and self._running == number:
            try:
                process.tell(CancelData(id=next(self._ids), target=number))
            except (HostDied, ValueError):
                return

    def _give_up(self, number: int) -> None:
        """Some things can't be cancelled from inside, such as a download by a library."""
        process = self._process
        if self._running == number and process is not None:
            threading.Thread(target=process.close, daemon=True).start()
