"""Pictures of the program, each taken as soon as it is what was approved, or when the time for that is up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tests.fakes.headless import settled, without_audience
from tui.app import TunesmithApp

_SETTLES_S = 10.0
"""A picture that is not the approved one by then never will be."""
_LOOKS_EVERY_S = 0.05
_UNCHANGED = 4
"""Looks, one after the other, at a picture that nobody has approved yet."""
_NUMBER = re.compile(r"\bterminal-\d+-")
"""Each picture has its own; what is stored has none."""

Steps = Callable[[Pilot[None]], Awaitable[None]]
Picture = Callable[[TunesmithApp, tuple[int, int], Steps], bool]


@pytest.fixture(autouse=True)
def no_audience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute only the frame that the picture is of; a blinking cursor would be in one picture and not in the next."""
    without_audience(monkeypatch)
    for widget in (Input, TextArea):
        monkeypatch.setattr(widget.cursor_blink, "_default", False)


@pytest.fixture
def picture(snap_compare: Any, request: pytest.FixtureRequest) -> Picture:
    """`assert picture(app, size, steps)`: the program, after some steps, looks as in the picture that was approved."""
    approved = Path(request.path).parent / "__snapshots__" / request.path.stem / f"{request.node.name}.svg"
    is_wanted = approved.exists() and not request.config.getoption("update_snapshots")
    wanted = approved.read_text(encoding="utf-8") if is_wanted else ""

    def compare(app: TunesmithApp, size: tuple[int, int], steps: Steps) -> bool:
        app.animation_level = "none"

        async def run_before(pilot: Pilot[None]) -> None:
            await steps(pilot)
            taken = await _looks_as(app, wanted)
            setattr(app, "export_screenshot", lambda **_: taken)  # noqa: B010 - nothing that comes later counts

        return bool(snap_compare(app, terminal_size=size, run_before=run_before))

    return compare


async def _looks_as(app: TunesmithApp, wanted: str) -> str:
    """Wait until the picture is the wanted one, or, where none is wanted, until it stays the same; give the last."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + _SETTLES_S
    last, unchanged = "", 0
    while loop.time() < deadline_s:
        await settled()
        shown = _NUMBER.sub("terminal-", app.export_screenshot(title=app.title, simplify=True))
        unchanged = unchanged + 1 if shown == last else 0
        last = shown
        if shown == wanted or (not wanted and unchanged == _UNCHANGED):
            break
        await asyncio.sleep(_LOOKS_EVERY_S)
    return last
