"""What a run tells reaches the screen whole, in order, and seldom enough to draw."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncGenerator, Callable
from typing import cast

import pytest

from engine.errors import StoreFailed
from engine.lab import Lab, LabRunner
from engine.lab.events import AnyLabEvent, CellGrew, LabFinished, LabPaused, LabResumed, Progressed
from tui.lab_desk import MIN_INTERVAL_S, MOST_EVENTS, LabDesk
from tui.lab_messages import LabMoved

LAB = Lab(name="L", rows=(), variations=())
DEADLINE_S = 20.0


class Scripted:
    """A runner that says so many words as fast as it can."""

    def __init__(self, words: int = 0, *, fault: Exception | None = None) -> None:
        self._words, self._fault = words, fault
        self._going = asyncio.Event()
        self._going.set()
        self.thread = threading.get_ident()
        self.hands_over = False
        self.host = self

    def share_host(self, other: Scripted) -> None:
        self.host = other.host

    async def close_host(self) -> None:
        """It has none."""

    async def pause(self) -> None:
        self._going.clear()

    def resume(self) -> None:
        self._going.set()

    async def run(self, lab: Lab, *, keep: bool = True) -> AsyncGenerator[AnyLabEvent, None]:
        if not self._going.is_set():
            yield LabPaused()
            await self._going.wait()
            yield LabResumed()
        if self._fault is not None:
            raise self._fault
        for number in range(self._words):
            yield CellGrew(row=0, variation=0, text=str(number))
        yield LabFinished(reason="completed", done=0, failed=0, total=0, seconds=0)


class Screen:
    """Takes messages, as the chat does, and remembers when they came."""

    def __init__(self, make: Callable[[], Scripted]) -> None:
        self.messages: list[LabMoved] = []
        self.times_s: list[float] = []
        self.made: list[Scripted] = []
        self._news = asyncio.Event()

        def make_runner() -> LabRunner:
            self.made.append(make())
            return cast(LabRunner, self.made[-1])

        self.desk = LabDesk(make_runner, self._take)

    def _take(self, message: LabMoved) -> None:
        self.messages.append(message)
        self.times_s.append(asyncio.get_running_loop().time())
        self._news.set()

    @property
    def events(self) -> list[AnyLabEvent]:
        return [event for message in self.messages for event in message.events]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()


async def test_a_flood_of_words_comes_in_few_messages_and_whole() -> None:
    screen = Screen(lambda: Scripted(3000))
    screen.desk.open(LAB, go=True)
    await screen.until(lambda: any(isinstance(event, LabFinished) for event in screen.events))
    words = [event.text for event in screen.events if isinstance(event, CellGrew)]
    assert words == [str(number) for number in range(3000)]
    assert max(len(message.events) for message in screen.messages) <= MOST_EVENTS
    gaps_s = [after - before for before, after in itertools.pairwise(screen.times_s)]
    assert min(gaps_s) >= MIN_INTERVAL_S * 0.9
    assert screen.made[0].thread != threading.get_ident()
    await screen.desk.close()


async def test_nothing_is_computed_before_somebody_says_so() -> None:
    screen = Screen(lambda: Scripted(1))
    screen.desk.open(LAB, go=False)
    await screen.until(lambda: screen.events == [LabPaused()])
    screen.desk.go()
    await screen.until(lambda: any(isinstance(event, LabFinished) for event in screen.events))
    assert isinstance(screen.events[1], LabResumed)
    await screen.desk.close()


async def test_another_lab_takes_the_place_of_the_one_before() -> None:
    screen = Screen(lambda: Scripted(1))
    screen.desk.open(LAB, go=False)
    await screen.until(lambda: screen.events)
    screen.desk.open(LAB, go=True)
    await screen.until(lambda: any(isinstance(event, LabFinished) for event in screen.events))
    assert [message.run for message in screen.messages] == [1, 2]
    await screen.desk.close()


class Loaded(Scripted):
    """A runner whose model takes until it is let go to end."""

    def __init__(self, log: list[str], let_go: threading.Event) -> None:
        super().__init__()
        self._log, self._let_go = log, let_go

    async def run(self, lab: Lab, *, keep: bool = True) -> AsyncGenerator[AnyLabEvent, None]:
        yield Progressed(done=0, failed=0, total=1)
        self._log.append(f"{lab.name} begins")
        try:
            yield CellGrew(row=0, variation=0, text=lab.name)
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(self._let_go.wait, DEADLINE_S)
            self._log.append(f"{lab.name} ends")


async def test_a_model_is_loaded_when_the_one_before_has_ended() -> None:
    log: list[str] = []
    let_go = threading.Event()
    screen = Screen(lambda: Loaded(log, let_go))
    for name in ("A", "B", "C"):
        screen.desk.open(Lab(name=name, rows=(), variations=()), go=True)
        await screen.until(lambda: screen.messages and screen.messages[-1].run == screen.desk.number)
        if name == "A":
            await screen.until(lambda: log)
    assert log == ["A begins"]  # while what is known of the others was told
    let_go.set()
    await screen.until(lambda: screen.events[-1] == CellGrew(row=0, variation=0, text="C"))
    assert log == ["A begins", "A ends", "C begins"]
    await screen.desk.close()
    assert log[-1] == "C ends"


class Hosted(Loaded):
    """A runner that tells when the host ends that it shares with others."""

    def __init__(self, log: list[str]) -> None:
        let_go = threading.Event()
        let_go.set()
        super().__init__(log, let_go)

    async def close_host(self) -> None:
        self._log.append("the host ends")


@pytest.mark.parametrize(("hand_over", "between"), [(True, []), (False, ["the host ends"])])
async def test_the_host_goes_from_one_run_to_the_next_where_that_is_wished(
    *, hand_over: bool, between: list[str]
) -> None:
    log: list[str] = []
    screen = Screen(lambda: Hosted(log))
    screen.desk.open(Lab(name="A", rows=(), variations=()), go=True)
    await screen.until(lambda: log)
    screen.desk.open(Lab(name="B", rows=(), variations=()), go=True, hand_over=hand_over)
    await screen.until(lambda: screen.events[-1:] == [CellGrew(row=0, variation=0, text="B")])
    assert screen.made[1].host is screen.made[0]
    assert log == ["A begins", "A ends", *between, "B begins"]
    await screen.desk.close()
    assert log[-3:] == ["B ends", "the host ends", "the host ends"]  # once for each who may have it


async def test_a_fault_is_told_in_words() -> None:
    screen = Screen(lambda: Scripted(fault=StoreFailed("The labs' database is read-only", "Make it writable")))
    screen.desk.open(LAB, go=True)
    await screen.until(lambda: screen.messages)
    assert "read-only" in screen.messages[-1].fault
    await screen.desk.close()
