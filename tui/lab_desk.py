"""The way from the screen to a lab that is computed: in a thread of its own, told at most thirty times a second.

Looking thousands of cells up and keeping each result takes time that belongs to the keys; so the engine's runner has
an event loop in a thread. It goes on whichever screen is shown, and ends with the program; what is finished is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing

from engine.errors import TunesmithError
from engine.lab import LabRunner
from engine.lab.events import AnyLabEvent, Progressed
from engine.lab.records import Lab
from tui.lab_messages import LabMoved

MIN_INTERVAL_S = 1 / 30
MOST_EVENTS = 400
"""In one message; what is known of a large table comes in several, between which keys are heard."""
_JOIN_S = 10.0


class _Run:
    """One filling of one table."""

    def __init__(
        self,
        number: int,
        lab: Lab,
        make_runner: Callable[[], LabRunner],
        tell: Callable[[], object],
        *,
        keep: bool,
        before: Sequence[_Run],
    ) -> None:
        self.number = number
        self.lab = lab
        self._keep, self._before = keep, before
        self.events: deque[AnyLabEvent] = deque()
        self.fault = ""
        self.over = False
        self._make_runner, self._tell = make_runner, tell
        self._going = threading.Event()
        self._ended = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runner: LabRunner | None = None
        self._task: asyncio.Task[None] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name=f"lab-{number}", daemon=True)

    def start(self, *, go: bool) -> None:
        """Begin: look up what is known, and compute the rest only where that is wanted."""
        if go:
            self._going.set()
        self._thread.start()

    def go(self) -> None:
        """Compute from now on."""
        self._going.set()
        self._call(lambda runner: runner.resume())

    def pause(self) -> None:
        """Compute no more until it goes on."""
        self._going.clear()
        self._call(lambda runner: asyncio.ensure_future(runner.pause()))

    def end(self) -> None:
        """End it for good: its host ends too. `join` waits for that."""
        with self._lock:
            self._ended = True
            if self._loop is not None and self._task is not None:
                with contextlib.suppress(RuntimeError):  # its loop has just ended by itself
                    self._loop.call_soon_threadsafe(self._task.cancel)

    def join(self) -> None:
        """Wait for its end. Not for the event loop."""
        self._thread.join(_JOIN_S)

    def _call(self, what: Callable[[LabRunner], object]) -> None:
        with self._lock:
            loop, runner = self._loop, self._runner
            if loop is not None and runner is not None:
                with contextlib.suppress(RuntimeError):  # its loop has just ended by itself
                    loop.call_soon_threadsafe(what, runner)

    def _work(self) -> None:
        try:
            asyncio.run(self._follow())
        except asyncio.CancelledError:
            pass
        except TunesmithError as error:
            self.fault = str(error)
        except OSError as error:
            self.fault = f"The lab's process can't be started: {error.strerror or error}"
        finally:
            with self._lock:
                self.over = True
            self._tell()

    async def _follow(self) -> None:
        runner = self._make_runner()
        if not self._going.is_set():
            await runner.pause()
        with self._lock:
            self._loop, self._runner, self._task = asyncio.get_running_loop(), runner, asyncio.current_task()
            if self._ended:
                return
        if self._going.is_set():  # it may have been told to go, or to rest, while it was made
            runner.resume()
        async with aclosing(runner.run(self.lab, keep=self._keep)) as events:
            async for event in events:
                self.events.append(event)
                self._tell()
                if self._before and isinstance(event, Progressed):
                    # All that is known was told, and a model comes next: two at once may not fit into memory.
                    before, self._before = self._before, ()
                    for run in before:
                        await asyncio.to_thread(run.join)


class LabDesk:
    """One run at a time."""

    def __init__(
        self,
        make_runner: Callable[[], LabRunner],
        post: Callable[[LabMoved], object],
        *,
        min_interval_s: float = MIN_INTERVAL_S,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            make_runner: Makes the engine's runner, in the thread that it will work in.
            post: Called on the event loop with what happened.
            min_interval_s: The least time between two messages.
        """
        self._make_runner, self._post, self._min_interval_s = make_runner, post, min_interval_s
        self._runs = 0
        self._run: _Run | None = None
        self._ending: list[_Run] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last_s = float("-inf")

    @property
    def number(self) -> int:
        """Of the newest run; messages of an older one are stale."""
        return self._runs

    def open(self, lab: Lab, *, go: bool, keep: bool = True) -> None:
        """Fill the table of a lab, in place of the one before; what is known of it comes at once.

        Args:
            lab: What is compared.
            go: Compute what is missing; otherwise that waits for `go`.
            keep: Keep the lab under its name at once; otherwise when something of it is computed.
        """
        self._end()
        self._runs += 1
        loop, number = asyncio.get_running_loop(), self._runs

        def tell() -> None:
            try:
                loop.call_soon_threadsafe(self._schedule, number)
            except RuntimeError:  # the program has ended
                return

        self._run = _Run(number, lab, self._make_runner, tell, keep=keep, before=tuple(self._ending))
        self._run.start(go=go)

    def go(self) -> None:
        """Compute what is missing."""
        if self._run is not None and self._run.over:
            self.open(self._run.lab, go=True)
        elif self._run is not None:
            self._run.go()

    def pause(self) -> None:
        """Stop computing; what is finished is kept."""
        if self._run is not None:
            self._run.pause()

    def forget(self) -> None:
        """End the run, where there is one, without another in its place."""
        self._end()
        self._runs += 1

    async def close(self) -> None:
        """End everything, and wait until the model's process has ended too."""
        self._end()
        if self._timer is not None:
            self._timer.cancel()
        ending, self._ending = self._ending, []
        for run in ending:
            await asyncio.to_thread(run.join)

    def _end(self) -> None:
        self._ending = [run for run in self._ending if not run.over]
        if self._run is not None:
            self._run.end()
            self._ending.append(self._run)
            self._run = None

    def _schedule(self, number: int) -> None:
        if self._timer is None and number == self._runs:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, self._last_s + self._min_interval_s - loop.time()), self._flush)

    def _flush(self) -> None:
        self._timer = None
        self._last_s = asyncio.get_running_loop().time()
        run = self._run
        if run is None:
            return
        is_over = run.over
        events = [run.events.popleft() for _ in range(min(MOST_EVENTS, len(run.events)))]
        if run.events:
            self._schedule(run.number)
        fault = run.fault if is_over and not run.events else ""
        if events or fault:
            self._post(LabMoved(run.number, events, fault))
