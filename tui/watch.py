"""Watching a run: what its log says, told to the screen a few times a second.

Files are read in a thread, each byte once. There is at most one message on its way: while the screen has not taken it
in, nothing further is read, so that a slow screen gets larger batches and not more of them. And there is a pause in
proportion to what it took to draw: where the trainer shares a core with the screen, that is what it loses.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from textual.message import Message

from engine.errors import TunesmithError
from engine.runs.checkpoints import Checkpoint, list_checkpoints
from engine.runs.events import AnyRunEvent, UnknownRunEvent
from engine.runs.folder import RunFolder
from engine.runs.history import History, read_history
from engine.runs.lock import is_locked
from engine.runs.log import read_events
from engine.runs.plan import Plan, read_plan
from engine.runs.state import RunState, read_state
from tui.state.run import Look

LOOK_EVERY_S = 0.1
"""The least pause while somebody trains."""
SHARE = 0.012
"""Of one core, what drawing may take; with all else that a look costs it stays below two in a hundred."""
_LONGEST_PAUSE_S = 2.0
"""A reply that streams meanwhile is counted in; the curve goes on all the same."""
IDLE_LOOK_EVERY_S = 0.5
_READ_BYTES = 256 * 1024
_FAR_BEHIND_BYTES = 8 * 1024 * 1024
"""Whoever is so far behind, as after a machine slept, reads the history again, which skips."""
_DOUBT_S = 1.0
"""How long a state stands that can change without any file changing."""


class RunSeen(Message):
    """Something of a run is new. Whoever takes it in calls `taken`, and the next look is made."""

    def __init__(self, run: str, look: Look, taken: Callable[[], None]) -> None:
        """Carry what was seen of the run of that name."""
        super().__init__()
        self.run = run
        self.look = look
        self.taken = taken


class Eye:
    """Looks at a run's directory. Not for the event loop: it reads files."""

    def __init__(self, run: RunFolder, clock: Callable[[], float] = time.monotonic) -> None:
        """Look at a run for the first time with the next `look`.

        Args:
            run: The run.
            clock: Seconds that only go forward.
        """
        self.run = run
        self._clock = clock
        self._offset = 0
        self._inode: int | None = None
        self._signature: tuple[object, ...] = ()
        self._state_s = float("-inf")
        self._state: RunState | None = None
        self._saved_ns = -1
        self._locked = False
        self._opened = False

    @property
    def alive(self) -> bool:
        """Whether somebody trained at the last look, or a state was in doubt."""
        return self._state is None or self._state.alive or self._state.state == "preparing"

    def look(self) -> Look | None:
        """See what is new; None where nothing is, or where it can't be read just now."""
        if not self.run.plan_file.is_file():
            return Look(gone=True)
        try:
            return self._look()
        except OSError:  # it is being deleted, or the disk is away for a moment: the next look tells
            return None

    def _look(self) -> Look | None:
        # The state first: what is written before the end is then in this look or in the next.
        state = self._new_state()
        history, events = self._new_events()
        checkpoints = self._new_checkpoints()
        plan = None
        if not self._opened:
            self._opened = True
            plan = self._plan()
        elif history is None and not events and state is None and checkpoints is None:
            return None
        return Look(
            history=history, events=events, state=state, locked=self._locked, checkpoints=checkpoints, plan=plan
        )

    def _plan(self) -> Plan | None:
        try:
            return read_plan(self.run.plan_file)
        except TunesmithError:
            return None

    def _new_state(self) -> RunState | None:
        locked = is_locked(self.run.lock_file)
        signature = (_changed(self.run.events_file), _changed(self.run.log_file), locked)
        in_doubt = self._state is not None and self._state.state == "preparing"
        if signature == self._signature and not (in_doubt and self._clock() - self._state_s > _DOUBT_S):
            return None
        self._signature, self._state_s = signature, self._clock()
        state = read_state(self.run)
        if state == self._state and locked == self._locked:
            return None
        self._state, self._locked = state, locked
        return state

    def _new_events(self) -> tuple[History | None, tuple[AnyRunEvent | UnknownRunEvent, ...]]:
        file = self.run.events_file
        try:
            found = file.stat()
        except OSError:
            found = None
        size, inode = (found.st_size, found.st_ino) if found else (0, None)
        is_other = self._inode is not None and (inode != self._inode or size < self._offset)
        is_first = not self._opened
        self._inode = inode
        if is_first or is_other or size - self._offset > _FAR_BEHIND_BYTES:
            history = read_history(file)
            self._offset = history.offset
            return history, ()
        if size == self._offset:
            return None, ()
        batch = read_events(file, self._offset, limit_bytes=_READ_BYTES)
        self._offset = batch.offset
        return None, batch.events

    def _new_checkpoints(self) -> tuple[Checkpoint, ...] | None:
        try:
            changed_ns = self.run.checkpoints.stat().st_mtime_ns
        except OSError:
            changed_ns = 0
        if changed_ns == self._saved_ns:
            return None
        self._saved_ns = changed_ns
        return list_checkpoints(self.run)


def _changed(file: Path) -> Sequence[int]:
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_size, found.st_mtime_ns, found.st_ino


def pause_s(cost_s: float, least_s: float) -> float:
    """How long to look away after a look that took so much of a processor."""
    return max(least_s, min(cost_s / SHARE, _LONGEST_PAUSE_S))


class Watch:
    """Follows one run until it is closed or the run is gone."""

    def __init__(
        self,
        run: RunFolder,
        post: Callable[[RunSeen], object],
        *,
        look_every_s: float = LOOK_EVERY_S,
        idle_look_every_s: float = IDLE_LOOK_EVERY_S,
        processor_s: Callable[[], float] = time.thread_time,
    ) -> None:
        """Follow nothing yet: see `start`.

        Args:
            run: The run.
            post: Called on the event loop with each message.
            look_every_s: The least time between two looks while somebody trains.
            idle_look_every_s: The same while nobody does.
            processor_s: What this thread has taken of a processor, in seconds.
        """
        self.run = run
        self._eye = Eye(run)
        self._post = post
        self._look_every_s, self._idle_look_every_s = look_every_s, idle_look_every_s
        self._processor_s = processor_s
        self._taken = asyncio.Event()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._follow())

    def wake(self) -> None:
        """Look at once: something was asked of the run."""
        self._woken.set()

    def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _follow(self) -> None:
        while True:
            look = await asyncio.to_thread(self._eye.look)
            before_s = self._processor_s()
            if look is not None:
                self._taken.clear()
                self._post(RunSeen(self.run.name, look, self._taken.set))
                if look.gone:
                    return
                await self._taken.wait()
            least_s = self._look_every_s if self._eye.alive else self._idle_look_every_s
            self._woken.clear()
            # What is taken in is painted somewhat later: only then is it known what it took.
            if not await self._is_woken(least_s) and look is not None:
                await self._is_woken(pause_s(self._processor_s() - before_s, least_s) - least_s)

    async def _is_woken(self, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                return await self._woken.wait()
        except TimeoutError:
            return False
