"""A small program that opens one dialog and keeps what it gave."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Static

from tests.fakes.headless import settled
from tui.ordered_keys import OrderedKeys
from tui.screens.dialog import Dialog
from tui.styles.themes import DARK, LIGHT

DEADLINE_S = 10.0
LOOKS_EVERY_S = 0.02
"""Drawing a screen to look at it costs some milliseconds, which what is waited for needs too."""
SIZES = ((80, 24), (120, 40), (200, 50))
Result = TypeVar("Result")


class Host(OrderedKeys):
    """Something to open a dialog over."""

    def __init__(self) -> None:
        super().__init__()
        self.copied: list[str] = []
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name

    def compose(self) -> ComposeResult:
        yield Static("beneath", markup=False)

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)


def burst(app: App[None], *keys: str) -> None:
    """Press keys faster than a program can follow."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


class Opened(Generic[Result]):
    """An open dialog, and how to drive it."""

    def __init__(self, app: Host, pilot: Pilot[None], dialog: Dialog[Result]) -> None:
        self.app = app
        self.pilot = pilot
        self.dialog = dialog
        self.results: list[Result | None] = []

    @property
    def is_open(self) -> bool:
        return self.app.screen is self.dialog

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def paste(self, text: str) -> None:
        self.app.post_message(events.Paste(text))
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def burst(self, *keys: str) -> None:
        """Press keys faster than the program can follow."""
        burst(self.app, *keys)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something holds; a deadline that passes is a failure."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}; the screen:\n{self.text()}"
            await settled()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def until_shown(self, text: str) -> None:
        await self.until(lambda: text in self.text(), f"{text!r} on the screen")

    async def result(self) -> Result | None:
        """What the dialog gave; waits until it is closed."""
        await self.closed()
        assert len(self.results) == 1
        return self.results[0]

    async def closed(self) -> None:
        """Wait until the dialog is closed."""
        await self.until(lambda: bool(self.results), "the end of the dialog")

    async def resize(self, width: int, height: int) -> None:
        await self.pilot.resize_terminal(width, height)
        await self.until(lambda: self._laid_out == (width, height), f"a terminal of {width} by {height}")
        await self.pilot.pause()

    @property
    def _laid_out(self) -> tuple[int, int]:
        return self.app.screen._compositor.size

    def text(self) -> str:
        """The whole screen as text."""
        width, height = self.app.size
        strips = self.app.screen._compositor.render_strips()
        assert len(strips) == height
        assert all(strip.cell_length == width for strip in strips)
        return "\n".join(strip.text for strip in strips)


@asynccontextmanager
async def opened(
    dialog: Dialog[Result], *, size: tuple[int, int] = (100, 30), keymap: dict[str, str] | None = None
) -> AsyncIterator[Opened[Result]]:
    """Open a dialog in a terminal of a size."""
    app = Host()
    async with app.run_test(size=size) as pilot:
        app.set_keymap(keymap or {})
        it = Opened(app, pilot, dialog)
        await app.push_screen(dialog, it.results.append)
        await pilot.pause()
        yield it
