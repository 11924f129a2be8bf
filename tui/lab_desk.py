"""The way from the screen to a lab that is computed: in a thread of its own, told at most thirty times a second.

Looking thousands of cells up and keeping each result takes time that belongs to the keys; so the engine's runner has
an event loop in a thread: the same for all runs, so that a model can stay loaded from one to the next. It goes on
whichever screen is shown, and ends with the program; what is finished is kept.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing

from engine.errors import TunesmithError
from engine.lab import LabRunner
from engine.lab.events import AnyLabEvent, Progressed
from engine.lab.records import Lab
from tui.backstage import Backstage
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
        self._make_runner, self._tell = make_runner, tell
        self._is_going = False
        self._hands_over = False
        self._stage: Backstage | None = None
        self._runner: LabRunner | None = None
        self._task: asyncio.Task[None] | None = None
        self._pausing: asyncio.Future[None] | None = None
        self._is_ended = False
        self._over = threading.Event()

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self._over.is_set()

    def start(self, stage: Backstage, *, go: bool) -> None:
        """Begin: look up what is known, and compute the rest only where that is wanted."""
        self._is_going, self._stage = go, stage
        stage.submit(self._work())

    def go(self) -> None:
        """Compute from now on."""
        self._is_going = True
        self._call(self._resume)

    def pause(self) -> None:
        """Compute no more until it goes on."""
        self._is_going = False
        self._call(self._pause)

    def end(self, *, hand_over: bool) -> None:
        """End it for good; `join` waits for that. Its host ends too, unless another run takes it over."""
        self._hands_over = hand_over
        self._call(self._cancel)

    def join(self) -> None:
        """Wait for its end. Not for the event loop."""
        self._over.wait(_JOIN_S)

    def _call(self, what: Callable[[], object]) -> None:
        if self._stage is not None:
            self._stage.call(what)

    # Backstage

    def _resume(self) -> None:
        if self._runner is not None:
            self._runner.resume()

    def _pause(self) -> None:
        if self._runner is not None:
            self._pausing = asyncio.ensure_future(self._runner.pause())

    def _cancel(self) -> None:
        self._is_ended = True
        if self._runner is not None:
            self._runner.hands_over = self._hands_over
        if self._task is not None:
            self._task.cancel()

    async def _work(self) -> None:
        self._task = asyncio.current_task()
        try:
            if not self._is_ended:
                await self._follow()
        except asyncio.CancelledError:
            pass
        except TunesmithError as error:
            self.fault = str(error)
        except OSError as error:
            self.fault = f"The lab's process can't be started: {error.strerror or error}"
        finally:
            self._over.set()
            self._tell()

    async def _follow(self) -> None:
        runner = self._runner = self._make_runner()
        try:
            if not self._is_going:
                await runner.pause()
            async with aclosing(runner.run(self.lab, keep=self._keep)) as events:
                async for event in events:
                    self.events.append(event)
                    self._tell()
                    if self._before and isinstance(event, Progressed):
                        # All that is known was told, and a model comes next: two at once may not fit into memory.
                        before, self._before = self._before, ()
                        for run in before:
                            await asyncio.to_thread(run.join)
        finally:
            if not runner.hands_over:
                await runner.close_host()


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
        self._stage = Backstage("lab")
        self._first: LabRunner | None = None
        """The runner whose host all others share."""
        self._timer: asyncio.TimerHandle | None = None
        self._last_s = float("-inf")

    @property
    def number(self) -> int:
        """Of the newest run; messages of an older one are stale."""
        return self._runs

    def open(self, lab: Lab, *, go: bool, keep: bool = True, hand_over: bool = False) -> None:
        """Fill the table of a lab, in place of the one before; what is known of it comes at once.

        Args:
            lab: What is compared.
            go: Compute what is missing; otherwise that waits for `go`.
            keep: Keep the lab under its name at once; otherwise when something of it is computed.
            hand_over: Go on with the model that the run before has loaded, where this lab asks for the same.
        """
        self._end(hand_over=hand_over)
        self._runs += 1
        loop, number = asyncio.get_running_loop(), self._runs

        def tell() -> None:
            try:
                loop.call_soon_threadsafe(self._schedule, number)
            except RuntimeError:  # the program has ended
                return

        self._run = _Run(number, lab, self._make, tell, keep=keep, before=tuple(self._ending))
        self._run.start(self._stage, go=go)

    def _make(self) -> LabRunner:
        """Called backstage only."""
        runner = self._make_runner()
        if self._first is None:
            self._first = runner
        else:
            runner.share_host(self._first)
        return runner

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
        if self._first is not None:  # a run that was to take it over may have ended before it came to that
            await asyncio.wrap_future(self._stage.submit(self._first.close_host()))
        await asyncio.to_thread(self._stage.close)

    def _end(self, *, hand_over: bool = False) -> None:
        self._ending = [run for run in self._ending if not run.over]
        if self._run is not None:
            self._run.end(hand_over=hand_over)
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
