"""Keys while a run moves fast."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from textual import events
from textual._compositor import Compositor

from tests.fakes.runs import FakeTrainer
from tests.tui.conftest import DEADLINE_S, Program
from tests.tui.runs.watching import SHOWN, Start, attached, view

RENDER_UPDATE = Compositor.render_update


async def test_keys_are_answered_while_a_thousand_events_a_second_arrive(
    start: Start, trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Compositor, "render_update", RENDER_UPDATE)  # with all the work of drawing
    over = threading.Event()

    def write() -> None:
        while not over.wait(0.02):
            trainer.train(20, evaluate_every=10_000, save_every=10_000)

    async with start(memory=SHOWN, size=(120, 40)) as program:
        await program.ready()
        await attached(program)
        writer = threading.Thread(target=write)
        writer.start()
        latencies = []
        try:
            while view(program).step < 2_000:
                latencies.append(await type_letter(program))
                await program.pilot.pause(0.01)
        finally:
            over.set()
            writer.join()
        await program.until(lambda: view(program).step == trainer.step, "all steps")
        assert [step.step for step in view(program).recent[-512:]] == list(range(trainer.step - 511, trainer.step + 1))
    assert len(latencies) > 20
    assert sorted(latencies)[int(0.9 * len(latencies))] < 0.1


async def type_letter(program: Program) -> float:
    """Type a letter; returns the seconds until it stands in the composer."""
    before = program.composer.text
    began = time.perf_counter()
    program.app.post_message(events.Key("x", "x"))
    while program.composer.text == before:
        assert time.perf_counter() - began < DEADLINE_S
        await asyncio.sleep(0)
    return time.perf_counter() - began
