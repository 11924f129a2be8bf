"""The form that sets up a fine-tune and the look at data, as pictures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from engine.client import HostClient
from engine.memory import Memory
from engine.paths import Paths
from engine.settings import Settings
from engine.templates import Library
from tests.fakes.data import fake_data
from tests.fakes.host import fake_host
from tests.fakes.talks import NOW_S
from tests.snapshots.conftest import Picture
from tests.snapshots.scene import Scene
from tui.app import TunesmithApp
from tui.services import Services

pytestmark = pytest.mark.snapshots
SIZES = [(80, 24), (120, 40)]
THEMES = ["dark", "light"]
SOURCE = "/data/reviews.jsonl"


Steps = Callable[[Scene], Awaitable[None]]


async def form(scene: Scene) -> None:
    await scene.open("f9", "TuneForm")
    await scene.until_shown("Name some data")


async def form_filled(scene: Scene) -> None:
    await scene.open("f9", "TuneForm")
    await scene.paste(SOURCE)
    await scene.until_shown("40 rows")
    await scene.pilot.press("down", "right", "right", "down", "down")
    await scene.paste("Is it good?")


async def form_faults(scene: Scene) -> None:
    await scene.open("f9", "TuneForm")
    await scene.paste(SOURCE)
    await scene.until_shown("3 of 40 rows")
    await scene.pilot.press("down", "down", "0", "down", "x", "down", "down", "9", "9", "ctrl+s")
    await scene.until_shown("Not yet")


async def form_more(scene: Scene) -> None:
    await scene.open("f9", "TuneForm")
    await scene.pilot.press("up", "up", "enter", "down", "down", "down", "space")
    await scene.until_shown("1 of 34 are not")


async def form_missing(scene: Scene) -> None:
    await scene.open("f9", "TuneForm")
    await scene.paste("/missing.jsonl")
    await scene.until_shown("There is no file or folder")


async def look(scene: Scene) -> None:
    await scene.open("f3", "DataInspector")
    await scene.paste(SOURCE)
    await scene.pilot.press("enter")
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
    await scene.paste("/unclear.jsonl")
    await scene.pilot.press("enter", "f4")
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


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", SCENES)
def test_screen(picture: Picture, paths: Paths, scene: str, size: tuple[int, int], theme: str) -> None:
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
    assert picture(app, size, lambda pilot: steps(Scene(app, pilot)))
