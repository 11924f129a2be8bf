"""The lab, as pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from engine.client import HostClient
from engine.lab.summary import summarise
from engine.memory import Memory
from engine.paths import Paths
from engine.settings import Settings
from engine.templates import Library
from tests.fakes.host import fake_host
from tests.fakes.labs import film_lab, recorded
from tests.fakes.talks import NOW_S
from tui.app import TunesmithApp
from tui.lab_bench import LabBench
from tui.screens.lab import LabScreen
from tui.services import Services
from tui.state.lab import LabView
from tui.state.lab_draft import own_rows

pytestmark = pytest.mark.snapshots
DEADLINE_S = 30.0


class Scene:
    """The program with the lab open, and ways to bring it to what shall be seen."""

    def __init__(self, app: TunesmithApp, pilot: Pilot[None], library: Library) -> None:
        self.app, self.pilot, self.library = app, pilot, library

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                await self.pilot.pause(0.02)

    async def shown(self, name: str) -> None:
        await self.until(lambda: type(self.app.screen).__name__ == name and self.app.screen.is_mounted)
        await self.pilot.pause()

    @property
    def bench(self) -> LabBench:
        assert self.app.chat is not None
        assert self.app.chat.lab is not None
        return self.app.chat.lab

    async def open(self) -> LabScreen:
        await self.until(lambda: self.app.chat and self.app.chat.session and self.app.chat.session.state.model.info)
        await self.pilot.press("alt+l")
        await self.shown("LabScreen")
        assert isinstance(self.app.screen, LabScreen)
        return self.app.screen

    async def play(self, *, until: int, known: int = 0) -> LabScreen:
        """Show a table as recorded events left it."""
        screen = await self.open()
        lab = film_lab(self.library)
        bench = self.bench
        bench.forget()  # nothing is computed: the events are enough
        bench.draft, bench.view = own_rows(lab), LabView(lab)
        bench.view.apply(recorded(lab, until=until, known=known))
        bench.view.summary = summarise(lab, bench.view.table.results)
        screen.draw()
        await self.pilot.pause()
        return screen


Steps = Callable[[Scene], Awaitable[None]]


async def empty(scene: Scene) -> None:
    await scene.open()


async def running(scene: Scene) -> None:
    await scene.play(until=10, known=5)


async def done(scene: Scene) -> None:
    screen = await scene.play(until=24)
    screen.grid.go_to(3, 1)


async def cell(scene: Scene) -> None:
    await scene.play(until=24)
    await scene.pilot.press("down", "enter")
    await scene.shown("CellScreen")
    await scene.until(lambda: "Sentiment" in str(scene.app.screen.query_one("Preview").children[0].render()))


async def setup(scene: Scene) -> None:
    await scene.play(until=10)
    await scene.pilot.press("s")
    await scene.shown("SetupForm")


async def column(scene: Scene) -> None:
    await scene.play(until=10)
    await scene.pilot.press("e")
    await scene.shown("ColumnForm")


SCENES: tuple[tuple[str, Steps, tuple[int, int], str], ...] = (
    ("empty", empty, (80, 24), "light"),
    ("running", running, (120, 40), "dark"),
    ("running", running, (80, 24), "light"),
    ("done", done, (180, 45), "light"),
    ("done", done, (80, 24), "dark"),
    ("cell", cell, (120, 40), "dark"),
    ("setup", setup, (80, 24), "dark"),
    ("column", column, (120, 40), "light"),
)


@pytest.fixture(autouse=True)
def steady_cursors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cursor that blinks would be there in one picture and not in the next."""
    for widget in (Input, TextArea):
        monkeypatch.setattr(widget.cursor_blink, "_default", False)


@pytest.mark.parametrize(
    ("steps", "size", "theme"),
    [pytest.param(*scene[1:], id=f"{scene[0]}-{scene[2][0]}x{scene[2][1]}-{scene[3]}") for scene in SCENES],
)
def test_lab(snap_compare: Any, paths: Paths, steps: Steps, size: tuple[int, int], theme: str) -> None:
    library = Library(paths.templates)
    services = Services(
        paths=paths,
        settings=Settings(),
        memory=Memory(theme=theme, template="plain"),
        library=library,
        client=HostClient(argv=fake_host(context=1024)),
        lab_client=lambda: HostClient(argv=fake_host()),
        environ={"HF_HUB_OFFLINE": "1", "HF_HOME": str(paths.cache / "hub")},
        now=lambda: NOW_S,
    )
    app = TunesmithApp(lambda: services, theme=theme, model="gpt2")
    app.animation_level = "none"

    async def run_before(pilot: Pilot[None]) -> None:
        await steps(Scene(app, pilot, library))
        await pilot.pause(0.1)

    assert snap_compare(app, terminal_size=size, run_before=run_before)
