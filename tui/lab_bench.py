"""The one lab of the program: what is compared, how it fills, and what is known of it. Goes on behind any screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec
from textual.message import Message

from engine.errors import StoreFailed, TunesmithError
from engine.lab import LabRunner, LabStore
from engine.lab.records import Lab, Place, Result, Row
from engine.lab.summary import summarise
from engine.settings import Settings
from tui.lab_desk import LabDesk
from tui.lab_messages import LabFigured, LabMoved
from tui.state.lab import LabView, Spot
from tui.state.lab_carry import carried_cells, carried_summary
from tui.state.lab_draft import Draft, unlike

_LEAST_S = 0.5
_SHARE = 4
"""Figures may take one part in so many of the time."""
_MOST_STEPS = 50


class LabBench:
    """A draft and its table. Whoever owns it hands it the messages that it posts."""

    def __init__(
        self,
        draft: Draft,
        *,
        store: LabStore,
        make_runner: Callable[[LabStore], LabRunner],
        settings: Settings,
        post: Callable[[Message], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with a draft; what is known of it comes with `put`.

        Args:
            draft: What is compared.
            store: Where labs and cells are kept.
            make_runner: Makes what fills tables.
            settings: Where models run, and in what precision.
            post: Takes messages, on the event loop.
            clock: Seconds that only go forward.
        """
        self.draft = draft
        self.view = LabView(draft.lab)
        self.left_row: Row | None = None
        """A new row that was left half typed."""
        self.store = store
        self._desk = LabDesk(lambda: make_runner(store), post)
        self._post, self._clock, self._settings = post, clock, settings
        self._before: list[Draft] = []
        self._figuring: asyncio.Task[None] | None = None
        self._saving: set[asyncio.Task[None]] = set()
        self._in_turn = asyncio.Lock()
        self._next_s = float("-inf")

    # What is compared

    def put(self, draft: Draft, *, go: bool | None = None, keep: bool = False) -> None:
        """Compare something else; what is known of it comes at once, and a run that is under way goes on with it.

        Args:
            draft: What is compared from now on.
            go: Whether to compute; None goes on as before.
            keep: Keep it under its name; otherwise as soon as it is computed or changed.
        """
        goes = self.view.is_working and self.view.phase != "pausing" if go is None else go
        draft = self._settled(draft)
        shown, before = self.view, self.view.lab
        self.draft, self.view = draft, LabView(draft.lab)
        if draft.can_run:
            cells = carried_cells(before, shown.table.results, draft.lab)
            self.view.assume(cells, carried_summary(before, shown.summary, draft.lab), shown.loaded)
            self.view.phase = "running" if goes else "still"
            self._desk.open(draft.lab, go=goes, keep=keep, hand_over=_shares_model(before, draft.lab))
        else:
            self._desk.forget()
        if keep:
            task = asyncio.create_task(self._save(draft.lab))
            self._saving.add(task)
            task.add_done_callback(self._saving.discard)

    def change(self, draft: Draft) -> None:
        """The same, as a step that can be undone."""
        if draft != self.draft:
            self._before = [*self._before[-_MOST_STEPS:], self.draft]
            self.put(draft, keep=True)

    def undo(self) -> bool:
        """Take the last change back; say whether there was one."""
        if not self._before:
            return False
        self.put(self._before.pop(), keep=True)
        return True

    def replace(self, draft: Draft) -> None:
        """Turn to another lab; there is nothing to undo in it yet."""
        self._before = []
        self.put(draft, go=False)

    async def with_free_name(self, draft: Draft) -> Draft:
        """The same under a name that no other stored lab has.

        Raises:
            StoreFailed: The labs' database can't be read.
        """
        await self.settle()
        return draft.with_lab(name=await asyncio.to_thread(_free_name, self._settled(draft).lab, self.store))

    def forget(self) -> None:
        """End what fills the table; what is shown of it stays."""
        self._desk.forget()

    # How it is filled

    def toggle(self) -> None:
        """Run, pause, or go on."""
        if self.view.is_working:
            self.pause()
        elif self.draft.can_run:
            self.view.phase, self.view.fault = "running", ""
            self._desk.go()

    def pause(self) -> None:
        """Stop computing; what is finished is kept."""
        if self.view.is_working:
            self.view.phase = "pausing"
            self._desk.pause()

    async def settle(self) -> None:
        """Wait until what was changed is kept."""
        await asyncio.gather(*self._saving)

    async def close(self) -> None:
        """End everything; what is finished is kept."""
        if self._figuring is not None:
            self._figuring.cancel()
        await self._desk.close()
        await self.settle()
        self.store.close()

    # What comes of it

    def take(self, message: LabMoved) -> set[Spot] | None:
        """Take in what happened; returns the cells to draw anew, or None where the message is stale."""
        if message.run != self._desk.number:
            return None
        changed = self.view.apply(message.events)
        if message.fault:
            self.view.fail(message.fault)
        self._figure_soon()
        return changed

    def take_figures(self, message: LabFigured) -> bool:
        """Take figures in; say whether they are of this table."""
        is_its = message.run == self._desk.number
        if is_its:
            self.view.summary = message.summary
        self._figuring = None
        self._figure_soon()
        return is_its

    def _figure_soon(self) -> None:
        if self.view.needs_figures and self._figuring is None and self.draft.lab.metrics:
            self.view.needs_figures = False
            results = dict(self.view.table.results)
            self._figuring = asyncio.create_task(self._figure(self._desk.number, self.draft.lab, results))

    async def _figure(self, run: int, lab: Lab, results: dict[Place, Result]) -> None:
        await asyncio.sleep(max(0.0, self._next_s - self._clock()))
        began_s = self._clock()
        summary = await asyncio.to_thread(summarise, lab, results)
        now_s = self._clock()
        self._next_s = now_s + max(_LEAST_S, (now_s - began_s) * _SHARE)
        self._post(LabFigured(run, summary))

    async def _save(self, lab: Lab) -> None:
        try:
            async with self._in_turn:
                await asyncio.to_thread(self.store.save, lab)
        except TunesmithError as error:
            self._post(LabMoved(self._desk.number, (), str(error)))

    def _settled(self, draft: Draft) -> Draft:
        settings = self._settings
        return draft.with_lab(device=settings.device, dtype=settings.dtype, threads=settings.threads)


def _shares_model(before: Lab, after: Lab) -> bool:
    """Whether a model that was loaded for one lab may be asked for the other: the one after the other was changed."""
    return before.name == after.name and bool(
        {column.model for column in before.variations} & {column.model for column in after.variations}
    )


def _free_name(lab: Lab, store: LabStore) -> str:
    """The lab's own name, unless another lab has it."""
    names = [entry.name for entry in store.list()]
    try:
        is_other = lab.name in names and _is_other(store.load(lab.name), lab)
    except StoreFailed:  # of a newer program
        is_other = True
    return unlike(lab.name, names) if is_other else lab.name


def _is_other(stored: Lab, lab: Lab) -> bool:
    return msgspec.structs.replace(stored, device=lab.device, dtype=lab.dtype, threads=lab.threads) != lab
