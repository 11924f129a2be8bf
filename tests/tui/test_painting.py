"""A screen that has something new to show is painted soon, also behind a frame that took long."""

from __future__ import annotations

import asyncio
import statistics
import time

import pytest
import textual.screen
from textual.app import App, ComposeResult
from textual.widgets import Static

from tui.painting import install

FRAMES = 12
FRAME_S = 0.02
MOST = 0.7
"""Of the time that it takes on Textual's own beat; on a quiet machine it is a fifth."""
DEADLINE_S = 10.0


class LongFrames(App[None]):
    """Each frame takes a while, and at its end there is something new."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_s: list[float] = []
        self.enough = asyncio.Event()
        self._asked_s = 0.0

    def compose(self) -> ComposeResult:
        yield Static("new")

    def post_display_hook(self) -> None:
        painted_s = time.perf_counter()
        if self._asked_s:
            self.waits_s.append(painted_s - self._asked_s)
        if len(self.waits_s) >= FRAMES:
            self.enough.set()
        elif self.screen_stack:
            while time.perf_counter() < painted_s + FRAME_S:
                pass  # a frame is work
            self.query_one(Static).refresh()
            self._asked_s = time.perf_counter()


async def wait_s() -> float:
    """How long what is new waits behind a long frame, as half of the times."""
    app = LongFrames()
    async with app.run_test():
        async with asyncio.timeout(DEADLINE_S):
            await app.enough.wait()
    return statistics.median(app.waits_s)


async def test_what_is_new_behind_a_long_frame_is_painted_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textual.screen, "UPDATE_PERIOD", 1 / 60)  # Textual's own; as it was, in the end
    on_its_own_beat = await wait_s()
    install()
    assert await wait_s() < MOST * on_its_own_beat
