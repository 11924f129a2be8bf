"""A whole program on a fake model host, and ways to wait for what it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.client import HostClient
from engine.memory import Memory
from engine.paths import Paths
from engine.protocol import SamplingChange
from engine.settings import Settings
from engine.templates import Library
from tests.fakes.headless import settled, without_audience
from tests.fakes.host import fake_host
from tui.app import TunesmithApp
from tui.screens.chat import ChatScreen
from tui.services import Services
from tui.session import Session
from tui.widgets.composer import Composer

DEADLINE_S = 20.0
NOW_S = 1_790_000_000.0


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever starts the program takes some tenths of a second, where other tests take milliseconds."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and "start" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.program)


@pytest.fixture(autouse=True)
def no_audience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Don't work for an audience that isn't there."""
    without_audience(monkeypatch)


class Program:
    """The program under test, as a person meets it."""

    def __init__(self, app: TunesmithApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> ChatScreen:
        screen = self.app.chat
        assert screen is not None
        return screen

    @property
    def session(self) -> Session:
        assert self.screen.session is not None
        return self.screen.session

    @property
    def composer(self) -> Composer:
        return self.screen.query_one(Composer)

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Let the program go on until something holds; fail with what is on the screen otherwise."""
        deadline_s = asyncio.get_running_loop().time() + DEADLINE_S
        while not condition():
            assert asyncio.get_running_loop().time() < deadline_s, f"waited in vain for {what or condition}"
            await asyncio.sleep(0.01)
            await settled()  # `pause` asks each widget in turn, at a tenth of a processor for as long as it is waited

    async def ready(self) -> None:
        """Wait until a model answers."""
        await self.until(lambda: self.screen.session is not None, "the session")
        await self.until(lambda: self.session.state.model.info is not None, "the model")

    async def say(self, text: str) -> None:
        """Type a message, send it, and wait for the whole reply."""
        turns = len(self.session.state.turns)
        self.composer.put(text)
        await self.pilot.press("enter")
        await self.until(
            lambda: len(self.session.state.turns) >= turns + 2 and not self.session.state.busy, f"a reply to {text!r}"
        )

    def texts(self) -> list[str]:
        """The texts of the open conversation."""
        return [turn.text for turn in self.session.state.turns]


@pytest.fixture
def start(paths: Paths) -> Callable[..., object]:
    """Start the program: `async with start(reply="Hi") as program:`; options are the fake host's."""

    @asynccontextmanager
    async def opened(
        *,
        model: str = "fake",
        template: str = "",
        run: str = "",
        size: tuple[int, int] = (120, 40),
        memory: Memory | None = None,
        settings: Settings | None = None,
        **options: object,
    ) -> AsyncIterator[Program]:
        services = Services(
            paths=paths,
            settings=settings or Settings(),
            memory=memory or Memory(),
            library=Library(paths.templates),
            client=HostClient(argv=fake_host(**options)),
            environ={"HF_HUB_OFFLINE": "1", "HF_HOME": str(paths.cache / "hf")},
            lab_client=lambda: HostClient(argv=fake_host(**options)),
            guest_client=lambda _: HostClient(argv=fake_host(**options)),
            now=lambda: NOW_S,
        )
        theme = services.memory.theme
        app = TunesmithApp(lambda: services, theme=theme, model=model, template=template, run=run)
        async with app.run_test(size=size) as pilot:
            program = Program(app, pilot)
            await program.until(lambda: app.chat is not None and app.chat.session is not None, "the session")
            if options.get("tokens"):
                program.session.prompting.choose_sampling(SamplingChange(max_new_tokens=50_000))
            yield program

    return opened
