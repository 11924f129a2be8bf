"""Commands one after the other on a thread of their own, each of which can be cancelled at any moment."""

from __future__ import annotations

import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from engine.errors import TunesmithError
from engine.protocol import AnyCommand, AnyEvent, Failed

_logger = logging.getLogger(__name__)


class Job(msgspec.Struct, frozen=True, eq=False):
    """A command, and whether somebody asked for its end."""

    command: AnyCommand
    cancelled: threading.Event


Handler = Callable[[Job], Iterable[AnyEvent]]
"""Does a job and yields its events, the last of which is terminal."""
Emit = Callable[[AnyEvent], None]


class Lane:
    """A queue and the thread that works it off. Each job gets exactly one terminal event, whatever happens to it."""

    def __init__(self, name: str, handler: Handler, on_dropped: Callable[[AnyCommand], AnyEvent], emit: Emit) -> None:
        """Start the thread.

        Args:
            name: Of the thread.
            handler: Does the jobs.
            on_dropped: Makes the answer to a job that was cancelled before it began.
            emit: Takes the events, on any thread.
        """
        self._handler = handler
        self._on_dropped = on_dropped
        self._emit = emit
        self._waiting: deque[Job] = deque()
        self._current: Job | None = None
        self._changed = threading.Condition()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def put(self, command: AnyCommand) -> None:
        """Do this after what is waiting."""
        with self._changed:
            self._waiting.append(Job(command, threading.Event()))
            self._changed.notify()

    def cancel(self, target: int) -> bool:
        """End a job: at once where it waits, as soon as it notices where it is at work; false where it is not here."""
        with self._changed:
            for job in self._waiting:
                if job.command.id == target:
                    self._waiting.remove(job)
                    break
            else:
                if self._current is None or self._current.command.id != target:
                    return False
                self._current.cancelled.set()
                return True
        self._emit(self._on_dropped(job.command))
        return True

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                self._current = self._waiting.popleft()
            self._do(self._current)
            with self._changed:
                self._current = None

    def _do(self, job: Job) -> None:
        """Whatever happens here, the job is answered and the lane lives on to answer the next."""
        try:
            for event in guarded(self._handler, job):
                self._emit(event)
        except BaseException as error:
            try:
                self._emit(_unexpected(job, error))
                traceback.print_exception(error)
            except Exception:
                _logger.exception("The answer to command %d could not be sent", job.command.id)


def guarded(handler: Handler, job: Job) -> Iterable[AnyEvent]:
    """The events of a job; whatever is raised becomes a `Failed`, with the traceback in the log."""
    try:
        yield from handler(job)
    except TunesmithError as error:
        yield Failed(id=job.command.id, code=error.code, title=error.title, hint=error.hint)
        if error.__cause__ is not None:
            traceback.print_exception(error)
    except GeneratorExit:
        raise
    except BaseException as error:  # a panic of a library in Rust is no `Exception`
        traceback.print_exception(error)
        yield _unexpected(job, error)


def _unexpected(job: Job, error: BaseException) -> Failed:
    words = ": ".join((type(error).__name__, *str(error).strip().splitlines()[:1]))
    return Failed(
        id=job.command.id,
        code="unexpected",
        title=f"Something went wrong that should not: {words[:300]}",
        hint="The log has the details.",
    )
