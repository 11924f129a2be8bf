"""The program on its way to what a picture shall show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual._context import visible_screen_stack
from textual.events import Paste
from textual.pilot import Pilot

from tests.fakes.headless import settled
from tui.app import TunesmithApp

DEADLINE_S = 30.0
LOOKS_EVERY_S = 0.03
"""Drawing a screen to look at it costs some milliseconds, which what is waited for needs too."""


class Scene:
    """The program, and ways to bring it to what shall be seen."""

    def __init__(self, app: TunesmithApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the program go on until something holds."""
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                await asyncio.sleep(LOOKS_EVERY_S)
                await settled()

    async def until_shown(self, words: str) -> None:
        """Let the program go on until words stand on the screen."""

        def shown() -> str:
            visible_screen_stack.set(self.app._background_screens)  # what a dialog lets through is drawn with it
            return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

        await self.until(lambda: words in shown())

    async def shown(self, name: str) -> None:
        """Wait for a screen by the name of its class."""
        await self.until(lambda: type(self.app.screen).__name__ == name and self.app.screen.is_mounted)
        await self.pilot.pause()

    async def ready(self) -> None:
        """Wait until a model answers."""
        await self.until(lambda: self.app.chat and self.app.chat.session and self.app.chat.session.state.model.info)

    async def paste(self, text: str) -> None:
        """Put text where the cursor is, in one go: a long form is laid out anew after each key."""
        self.app.post_message(Paste(text))
        await settled()

    async def open(self, key: str, screen: str) -> None:
        """Open a screen over the chat."""
        await self.ready()
        await self.pilot.press(key)
        await self.shown(screen)
