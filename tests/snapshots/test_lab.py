"""The lab, as pictures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from engine.client import HostClient
from engine.lab.summary import summarise
from engine.memory import Memory
from engine.paths import Paths
from engine.settings import Settings
from engine.templates import Library
from tests.fakes.host import fake_host
from tests.fakes.labs import film_lab, recorded
from tests.fakes.talks import NOW_S
from tests.snapshots.conftest import Picture
from tests.snapshots.scene import Scene
from tui.app import TunesmithApp
from tui.lab_bench import LabBench
from tui.screens.lab import LabScreen
from tui.services import Services
from tui.state.lab import LabView
from tui.state.lab_draft import own_rows

pytestmark = pytest.mark.snapshots


class LabScene(Scene):
    """The program with the lab open."""

    def __init__(self, app: TunesmithApp, pilot: Pilot[None], library: Library) -> None:
        super().__init__(app, pilot)
        self.library = library

    @property
    def bench(self) -> LabBench:
        assert self.app.chat is not None
        assert self.app.chat.lab is not None
        return self.app.chat.lab

    async def open_lab(self) -> LabScreen:
        await self.open("alt+l", "LabScreen")
        assert isinstance(self.app.screen, LabScreen)
        return self.app.screen

    async def play(self, *, until: int, known: int = 0) -> LabScreen:
        """Show a table as recorded events left it."""
        screen = await self.open_lab()
        lab = film_lab(self.library)
        bench = self.bench
        bench.forget()  # nothing is computed: the events are enough
        bench.draft, bench.view = own_rows(lab), LabView(lab)
        bench.view.apply(recorded(lab, until=until, known=known))
        bench.view.summary = summarise(lab, bench.view.table.results)
        screen.draw()
        await self.pilot.pause()
        return screen


Steps = Callable[[LabScene], Awaitable[None]]


async def empty(scene: LabScene) -> None:
    await scene.open_lab()


async def running(scene: LabScene) -> None:
    await scene.play(until=10, known=5)


async def done(scene: LabScene) -> None:
    screen = await scene.play(until=24)
    screen.grid.go_to(3, 1)


async def cell(scene: LabScene) -> None:
    await scene.play(until=24)
    await scene.pilot.press("down", "enter")
    await scene.shown("CellScreen")
    await scene.until(lambda: "Sentiment" in str(scene.app.screen.query_one("Preview").children[0].render()))


async def setup(scene: LabScene) -> None:
    await scene.play(until=10)
    await scene.pilot.press("s")
    await scene.shown("SetupForm")


async def column(scene: LabScene) -> None:
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


@pytest.mark.parametrize(
    ("steps", "size", "theme"),
    [pytest.param(*scene[1:], id=f"{scene[0]}-{scene[2][0]}x{scene[2][1]}-{scene[3]}") for scene in SCENES],
)
def test_lab(picture: Picture, paths: Paths, steps: Steps, size: tuple[int, int], theme: str) -> None:
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
    assert picture(app, size, lambda pilot: steps(LabScene(app, pilot, library)))
