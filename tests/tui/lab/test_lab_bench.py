"""The one lab of the program ends when it is told to."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

from textual.message import Message

from engine.lab import Lab, LabRunner, LabStore
from engine.settings import Settings
from tui.lab_bench import LabBench
from tui.lab_messages import LabFigured, LabMoved
from tui.state.lab_draft import Draft

DEADLINE_S = 20.0


def _no_runner(store: LabStore) -> LabRunner:
    raise AssertionError("nothing is filled here")


async def test_the_end_does_not_wait_for_the_turn_of_figures(tmp_path: Path) -> None:
    told: asyncio.Queue[Message] = asyncio.Queue()
    seconds = itertools.count(step=1000.0)  # figures that take so long have to wait long for their next turn
    bench = LabBench(
        Draft(lab=Lab(name="L", rows=(), variations=(), metrics=("diversity",))),
        store=LabStore(tmp_path / "labs.db"),
        make_runner=_no_runner,
        settings=Settings(),
        post=told.put_nowait,
        clock=lambda: next(seconds),
    )
    async with asyncio.timeout(DEADLINE_S):
        bench.view.needs_figures = True
        bench.take(LabMoved(0, (), ""))
        figured = await told.get()
        assert isinstance(figured, LabFigured)
        bench.view.needs_figures = True
        bench.take_figures(figured)
        await bench.close()
    assert told.empty()
