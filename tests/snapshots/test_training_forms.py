"""The form that sets up a fine-tune and the look at data, as pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from engine.client import HostClient
from engine.memory import Memory
from engine.paths import Paths
from engine.settings import Settings
from engine.templates import Library
from tests.fakes.data import fake_data
from tests.fakes.host import fake_host
from tests.fakes.talks import NOW_S
from tui.app import TunesmithApp
from tui.services import Services

pytestmark = pytest.mark.snapshots
DEADLINE_S = 30.0
SIZES = [(80, 24), (120, 40)]
THEMES = ["dark", "light"]
SOURCE = "/data/reviews.jsonl"


class Scene:
    """The program, and ways to bring it to what shall be seen."""

    def __init__(self, app: TunesmithApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                await self.pilot.pause(0.02)

    async def until_shown(self, words: str) -> None:
        def shown() -> str:
            return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

        await self.until(lambda: words in shown())

    async def open(self, key: str, screen: str) -> None:
        await self.until(lambda: self.app.chat and self.app.chat.session and self.app.chat.session.state.model.info)
        await self.pilot.press(key)
        await self.until(lambda: type(self.app.screen).__name__ == screen)
        await self.pilot.pause()


Steps = Callable[[Scene], Awaitable[None]]


async def form(scene: Scene) -> None:
    await scene.open("f9", "TuneForm")
    await scene.until_shown("Name some data")


async def form_filled(scene: Scene) -> None:
    await scene.open("f9", "TuneForm")
    await scene.pilot.press(*SOURCE)
    await scene.until_shown("40 rows")
    await scene.pilot.press("down", "right", "right", "down", "down", *"Is it good?")


async def form_faults(scene: Scene) -> None:
    await scene.open("f9", "TuneForm")
    await scene.pilot.press(*SOURCE)
    await scene.until_shown("3 of 40 rows")
    await scene.pilot.press("down", "down", "0", "down", "x", "down", "down", "9", "9", "ctrl+s")
    await scene.until_shown("Not yet")


async def form_more(scene: Scene) -> None:
    await scene.open("f9", "TuneForm")
    await scene.pilot.press("up", "up", "enter", "down", "down", "down", "space")
    await scene.until_shown("1 of 34 are not")


async def form_missing(scene: Scene) -> None:
    await scene.open("f9", "TuneForm")
    await scene.pilot.press(*"/missing.jsonl")
    await scene.until_shown("There is no file or folder")


async def look(scene: Scene) -> None:
    await scene.open("f3", "DataInspector")
    await scene.pilot.press(*SOURCE, "enter")
    await scene.until_shown("Row 1 ·")


async def look_empty(scene: Scene) -> None:
    await scene.open("f3", "DataInspector")
    await scene.until_shown("Name some data above")


async def look_all(scene: Scene) -> None:
    await look(scene)
    await scene.pilot.press("f3")
    await scene.until_shown("2 duplicate")


async def look_counting(scene: Scene) -> None:
    await look(scene)
    await scene.pilot.press("f3")
    await scene.until_shown("20 rows counted")


async def look_columns(scene: Scene) -> None:
    await look(scene)
    await scene.pilot.press("f4")
    await scene.until_shown("now: Label")


async def look_unclear(scene: Scene) -> None:
    await scene.open("f3", "DataInspector")
    await scene.pilot.press(*"/unclear.jsonl", "enter", "f4")
    await scene.until_shown("Say which column is what")


SCENES: dict[str, tuple[Steps, dict[str, object]]] = {
    "form": (form, {}),
    "form-filled": (form_filled, {}),
    "form-faults": (form_faults, {"faulty": 3}),
    "form-more": (form_more, {}),
    "form-missing": (form_missing, {}),
    "look": (look, {}),
    "look-empty": (look_empty, {}),
    "look-faulty": (look, {"faulty": 3}),
    "look-hostile": (look, {"hostile": True}),
    "look-all": (look_all, {}),
    "look-all-faulty": (look_all, {"faulty": 5}),
    "look-counting": (look_counting, {"endless": True}),
    "look-columns": (look_columns, {}),
    "look-unclear": (look_unclear, {}),
}


@pytest.fixture(autouse=True)
def steady_cursors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cursor that blinks would be there in one picture and not in the next."""
    for widget in (Input, TextArea):
        monkeypatch.setattr(widget.cursor_blink, "_default", False)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", SCENES)
def test_screen(snap_compare: Any, paths: Paths, scene: str, size: tuple[int, int], theme: str) -> None:
    steps, options = SCENES[scene]
    services = Services(
        paths=paths,
        settings=Settings(),
        memory=Memory(theme=theme, template="plain"),
        library=Library(paths.templates),
        client=HostClient(argv=fake_host(context=1024)),
        environ={"HF_HUB_OFFLINE": "1", "HF_HOME": str(paths.cache / "hub")},
        now=lambda: NOW_S,
        data_argv=fake_data(**options),
    )
    app = TunesmithApp(lambda: services, theme=theme, model="gpt2")
    app.animation_level = "none"

    async def run_before(pilot: Pilot[None]) -> None:
        await steps(Scene(app, pilot))
        await pilot.pause(0.1)

    assert snap_compare(app, terminal_size=size, run_before=run_before)
