"""Filling a table: the cells that are missing, model by model, through a model host of the lab's own."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing

from engine.client import HostClient
from engine.lab.asking import Asked
from engine.lab.counting import Count
from engine.lab.events import (
    AnyLabEvent,
    CellDone,
    CellFailed,
    CellLost,
    CellStarted,
    LabFinished,
    LabPaused,
    LabResumed,
    LabStarted,
    place_of,
)
from engine.lab.keys import Keys
from engine.lab.lab_host import LabHost, background_host
from engine.lab.places import batches, places_of
from engine.lab.records import Fault, Lab, Place
from engine.lab.store import LabStore
from engine.lab.table import Table
from engine.paths import Paths
from engine.protocol import BatchFinished, Failed

_LOADS = 5
"""Of a model that is written to each time while it is read, before it is given up."""
Told = AsyncGenerator[AnyLabEvent, None]


_RESTLESS = Fault(
    code="load-failed",
    title="The model was written to each time while it was read",
    hint="Wait until its training has ended, or name a checkpoint: run:NAME@STEP",
)


class LabRunner:
    """Fills one table after the other. Its host is started for the first missing cell and ends with the run."""

    def __init__(
        self,
        store: LabStore,
        paths: Paths,
        *,
        make_client: Callable[[], HostClient] = background_host,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            store: Where finished cells are kept.
            paths: The program's folders, in which models are looked for.
            make_client: Makes the model host's client.
            environ: Where the hub's cache is.
            clock: Seconds that only go forward.
        """
        self._store, self._paths = store, paths
        self._environ, self._clock = environ, clock
        self._host = LabHost(make_client)
        self.hands_over = False
        """Whether the host outlives a run, for another runner that shares it; else it ends with each."""
        self._going = asyncio.Event()
        self._going.set()
        self._cancelled = False
        self._is_kept = False
        self._stands_on: list[str] = []
        self._keys: Keys
        self._count = Count(0, ())
        self._told: set[Place] = set()

    @property
    def paused(self) -> bool:
        """Whether it waits for `resume`."""
        return not self._going.is_set()

    def share_host(self, other: LabRunner) -> None:
        """Ask the host of another runner, whose model may be loaded already. One run at a time may ask it."""
        self._host = other._host

    async def close_host(self) -> None:
        """End the host, where it is alive."""
        await self._host.aclose()

    async def pause(self) -> None:
        """Stop computing, also in the middle of a reply, which will begin anew; what is finished is kept."""
        self._going.clear()
        await self._host.interrupt()

    def resume(self) -> None:
        """Go on."""
        self._going.set()

    async def cancel(self) -> None:
        """End the run; its last event comes soon."""
        self._cancelled = True
        self._going.set()
        await self._host.interrupt()

    async def run(self, lab: Lab, *, keep: bool = True) -> Told:
        """Fill the table of a lab, and keep the lab under its name.

        Args:
            lab: What is compared.
            keep: Keep it also while it is paused; otherwise as soon as something of it is computed. Until then a lab
                of the same name stays.

        Yields:
            `LabStarted`, a `CellDone` for each part that is known, then whatever happens; at the end `LabFinished`.
            Closing the iterator early ends the host; what is finished is kept then too.

        Raises:
            StoreFailed: Cells can't be kept.
        """
        started_s = self._clock()
        self._cancelled = False
        models = dict.fromkeys(variation.model for variation in lab.variations)
        keys = self._keys = Keys(lab, self._paths, self._environ)
        places = places_of(lab)
        known, missing = look_up(self._store, keys, places)
        self._stands_on = [keys[place_of(cell)] for cell in known]
        self._is_kept = False
        await asyncio.sleep(0)  # a run that was ended while it looked things up keeps nothing: the lab may be deleted
        if keep or not self.paused:
            self._keep(lab)
        self._count = Count(len(places), missing)
        self._told = {place_of(cell) for cell in known}
        yield LabStarted(total=len(places), known=len(known))
        for cell in known:
            yield cell
        yield self._count.progress()
        try:
            for model in models:
                of_model = [place for place in missing if lab.variations[place.variation].model == model]
                async with aclosing(self._run_model(lab, model, of_model)) as events:
                    async for event in events:
                        if isinstance(event, CellDone):
                            self._told.add(place_of(event))
                        yield event
        finally:
            if not self.hands_over:
                await self.close_host()
        if self._is_kept and not self._cancelled:
            self._store.prune(lab.name)
        yield LabFinished(
            reason="cancelled" if self._cancelled else "completed",
            done=self._count.done,
            failed=self._count.failed,
            total=self._count.total,
            seconds=self._clock() - started_s,
        )

    def _keep(self, lab: Lab) -> None:
        self._store.save(lab)
        self._store.use(lab.name, self._stands_on)
        self._is_kept = True

    async def _run_model(self, lab: Lab, model: str, places: Sequence[Place]) -> Told:
        waiting = deque(batches(places))
        restless = 0
        if waiting and self._host.has(lab, model):  # by the run before
            if self._host.identity and self._host.identity == self._keys.identity(model):
                assert self._host.ready is not None
                yield self._host.ready
            else:
                self._host.forget()
        while waiting and not self._cancelled:
            if self.paused:
                yield LabPaused()
                await self._going.wait()
                yield LabResumed()
            elif not self._is_kept:
                self._keep(lab)
            elif not self._host.has(lab, model):
                before = self._keys.identity(model)
                async with aclosing(self._host.load(lab, model)) as loading:
                    async for event in loading:
                        if not isinstance(event, Fault):
                            yield event
                        elif not (self.paused or self._cancelled):
                            for failed in self._give_up(waiting, event):
                                yield failed
                if not self._host.has(lab, model):
                    continue
                # A reference such as run:NAME means another model as soon as its training saves one. Which of the two
                # was read can't be told where it changed meanwhile.
                after = self._host.identity = self._keys.identity(model)
                if before not in ("", after):
                    self._host.forget()
                    restless += 1
                    if restless == _LOADS:
                        for failed in self._give_up(waiting, _RESTLESS):
                            yield failed
                elif self._keys.take(model, after):
                    for lost in self._lose(lab, model, waiting):
                        yield lost
            else:
                # Another cell of the same content, or another lab, may have been answered meanwhile.
                known, missing = look_up(self._store, self._keys, waiting.popleft())
                self._store.use(lab.name, [self._keys[place_of(cell)] for cell in known])
                for cell in known:
                    self._count.did(cell.part, known=True)
                    yield cell
                if not missing:
                    yield self._count.progress()
                    continue
                async with aclosing(self._run_batch(lab, missing, waiting)) as events:
                    async for told in events:
                        yield told

    async def _run_batch(self, lab: Lab, places: Sequence[Place], waiting: deque[list[Place]]) -> Told:
        """Ask for some cells; those that get no answer are put back in line, in halves where they did harm."""
        asked = Asked(lab, places, self._host.next_id())
        part, since_s = places[0].part, self._clock()
        if part != "reply":
            for place in places:
                yield CellStarted(row=place.row, variation=place.variation, part=part)
        failure: Failed | None = None
        async with aclosing(self._host.ask(asked.command)) as events:
            async for event in events:
                if self.paused or self._cancelled:
                    await self._host.interrupt()
                if isinstance(event, Failed):
                    failure = event
                if isinstance(event, BatchFinished) and event.reason == "completed" and asked.waiting:
                    failure = Failed(id=event.id, code="failed", title="The model host left a cell without an answer")
                told = asked.take(event)
                if told is None:
                    continue
                if isinstance(told, CellDone):
                    self._store.put(lab.name, self._keys[place_of(told)], told.result)
                yield told
                if isinstance(told, CellDone | CellFailed):
                    now_s = self._clock()
                    self._count.spent(part, now_s - since_s)
                    since_s = now_s
                    self._count.did(part, failed=isinstance(told, CellFailed))
                    yield self._count.progress()
        left = list(asked.waiting.items())
        if failure is not None and len(left) == 1 and not (self.paused or self._cancelled):
            yield asked.failed(left[0][0], Fault(code=failure.code, title=failure.title, hint=failure.hint))
            self._count.did(part, failed=True)
            yield self._count.progress()
        elif left:
            again = [place for _, place in left]
            half = len(again) // 2 if failure is not None else 0
            waiting.extendleft(some for some in (again[half:], again[:half]) if some)

    def _lose(self, lab: Lab, model: str, waiting: deque[list[Place]]) -> Iterator[AnyLabEvent]:
        """Put back in line what was told of a model that is another by now."""
        lost = [place for place in self._told if lab.variations[place.variation].model == model]
        self._told.difference_update(lost)
        for place in lost:
            self._count.lost(place.part)
            yield CellLost(row=place.row, variation=place.variation, part=place.part)
        again = {*lost, *(place for batch in waiting for place in batch)}
        waiting.clear()
        waiting.extend(batches(place for place in places_of(lab) if place in again))
        yield self._count.progress()

    def _give_up(self, waiting: deque[list[Place]], fault: Fault) -> Iterator[AnyLabEvent]:
        while waiting:
            for place in waiting.popleft():
                self._count.did(place.part, failed=True)
                yield CellFailed(row=place.row, variation=place.variation, part=place.part, fault=fault)
        yield self._count.progress()


def stored_table(store: LabStore, paths: Paths, lab: Lab, environ: Mapping[str, str] = os.environ) -> Table:
    """The table of a lab with what is known of it; nothing is computed."""
    table, places = Table(lab), places_of(lab)
    known, missing = look_up(store, Keys(lab, paths, environ), places)
    for cell in known:
        table.apply(cell)
    table.apply(Count(len(places), missing).progress())
    return table


def look_up(store: LabStore, keys: Keys, places: Sequence[Place]) -> tuple[list[CellDone], list[Place]]:
    """Part the places into those that are known, as events, and those that are missing."""
    by_place = {place: keys[place] for place in places}
    found = store.get(key for key in by_place.values() if key)
    known = [
        CellDone(row=place.row, variation=place.variation, part=place.part, result=found[key], known=True)
        for place, key in by_place.items()
        if key in found
    ]
    return known, [place for place, key in by_place.items() if key not in found]
