"""The one place where engine events become Textual messages.

Events come one a token, at any speed; the screen is told at most sixteen times a second. Where drawing takes long it is
told less often: half of the time belongs to the keys, which must not wait for one frame after the other. While somebody
types it is told right behind a key that has been painted: the next one is never as far away as then. Texts that belong
together are joined on the way, so that a batch is as short as what happened.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from textual.message import Message

from engine.client import HostClient
from engine.protocol import AnyCommand, AnyEvent, Failed, TokensEmitted, UnknownEvent
from tui.typist import Typist

_logger = logging.getLogger(__name__)
MIN_INTERVAL_S = 1 / 16
"""A reply is still seen to flow, and chat and panel together take less than a tenth of one core."""
MAX_INTERVAL_S = 0.15
"""However long drawing takes, a reply is seen to move."""
TYPING_S = 0.5
"""So long after a key somebody is thought to type, who looks at the composer and must not wait for a reply's frame."""
TYPING_INTERVAL_S = 0.1
"""The least time between two batches meanwhile: keys that are held down come thirty times a second."""
BEHIND_KEY_S = 0.005
"""From a key's paint to a batch: its bytes are on their way to the terminal by then."""
LONGEST_HOLD_S = 0.3
"""So long after the last batch the next one waits for a key, at most."""

HostEvent = AnyEvent | UnknownEvent


class EventsArrived(Message):
    """Events of the model host, in order."""

    def __init__(self, events: Sequence[HostEvent]) -> None:
        """Carry a batch of events."""
        super().__init__()
        self.events = tuple(events)


def join_tokens(events: Sequence[HostEvent]) -> list[HostEvent]:
    """Join neighbouring `TokensEmitted` of one request into one."""
    joined: list[HostEvent] = []
    run: list[TokensEmitted] = []
    for event in events:
        if isinstance(event, TokensEmitted) and (not run or run[-1].id == event.id):
            run.append(event)
            continue
        joined.extend(_closed(run))
        if isinstance(event, TokensEmitted):
            run = [event]
        else:
            run = []
            joined.append(event)
    joined.extend(_closed(run))
    return joined


def _closed(run: Sequence[TokensEmitted]) -> list[TokensEmitted]:
    if len(run) < 2:
        return list(run)
    return [
        TokensEmitted(
            id=run[0].id,
            text="".join(event.text for event in run),
            ids=tuple(token for event in run for token in event.ids),
            logprobs=tuple(value for event in run for value in event.logprobs),
            alternatives=tuple(value for event in run for value in event.alternatives),
        )
    ]


class Bridge:
    """Runs requests on the client and posts what comes, in batches."""

    def __init__(
        self,
        client: HostClient,
        post: Callable[[EventsArrived], object],
        *,
        min_interval_s: float = MIN_INTERVAL_S,
        busy_clock: Callable[[], float] = time.thread_time,
        typist: Typist | None = None,
    ) -> None:
        """Make a bridge.

        Args:
            client: The model host's client.
            post: Called on the event loop with each batch.
            min_interval_s: The least time between two batches.
            busy_clock: Seconds that the event loop's thread has worked.
            typist: Who must not wait for a frame; None for nobody.
        """
        self.client = client
        self._post = post
        self._min_interval_s = min_interval_s
        self._busy_clock = busy_clock
        self._typist = typist or Typist()
        self._typist.watch(self._follow_key)
        self._pending: list[HostEvent] = []
        self._timer: asyncio.TimerHandle | None = None
        self._is_behind_key = False
        self._last_s = float("-inf")
        self._last_busy_s = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, command: AnyCommand) -> None:
        """Start a request; its events come as `EventsArrived`."""
        task = asyncio.create_task(self._follow(command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def start(self) -> None:
        """Start the host; a failure is told by the first request."""
        task = asyncio.create_task(self.client.start())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cancel(self, request_id: int) -> None:
        """Ask for the end of a request; it answers for itself."""
        task = asyncio.create_task(self.client.cancel(request_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End the host and forget what was under way."""
        if self._timer is not None:
            self._timer.cancel()
        await self.client.aclose()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, command: AnyCommand) -> None:
        try:
            async for event in self.client.request(command):
                self._take(event)
        except Exception as error:  # whatever it is, somebody waits for an answer
            _logger.exception("%s failed", type(command).__name__)
            title = f"The model's process could not be asked: {type(error).__name__}"
            self._take(Failed(id=command.id, code="failed", title=title, hint=str(error)))

    def _take(self, event: HostEvent) -> None:
        self._pending.append(event)
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is not None:
            return
        self._wait(self._last_s + self._min_interval_s)

    def _wait(self, until_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, until_s - loop.time()), self._flush)

    def _follow_key(self) -> None:
        """Tell what has come right behind a key that has been painted, where it is time to."""
        loop = asyncio.get_running_loop()
        if self._timer is None or self._timer.cancelled() or self._is_behind_key:
            return
        if loop.time() + BEHIND_KEY_S < self._rested_s():
            return
        self._timer.cancel()
        self._is_behind_key = True
        self._timer = loop.call_later(BEHIND_KEY_S, self._hand_over)

    def _is_typing(self) -> bool:
        return asyncio.get_running_loop().time() - self._typist.last_key_s < TYPING_S

    def _rested_s(self) -> float:
        """Until when the screen is left to the keys, after what the last batch took."""
        least_s = TYPING_INTERVAL_S if self._is_typing() else self._min_interval_s
        return self._last_s + max(least_s, min(2 * (self._busy_clock() - self._last_busy_s), MAX_INTERVAL_S))

    def _due_s(self) -> float:
        """When a batch is told, unless a key comes first."""
        return self._last_s + LONGEST_HOLD_S if self._is_typing() else self._rested_s()

    def _flush(self) -> None:
        due_s = self._due_s()
        if asyncio.get_running_loop().time() < due_s:
            self._wait(due_s)
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        self._timer, self._is_behind_key = None, False
        self._last_s, self._last_busy_s = asyncio.get_running_loop().time(), self._busy_clock()
        events, self._pending = self._pending, []
        if events:
            self._post(EventsArrived(join_tokens(events)))
