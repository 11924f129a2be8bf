"""The template studio, as pictures."""

from __future__ import annotations

import pytest
from textual.widgets import TextArea

from engine.client import HostClient
from engine.memory import Memory
from engine.paths import Paths
from engine.settings import Settings
from engine.templates import Library, authoring
from tests.fakes.host import fake_host
from tests.fakes.talks import NOW_S
from tests.snapshots.conftest import Picture
from tests.snapshots.scene import Scene
from tui.app import TunesmithApp
from tui.screens.studio import StudioScreen
from tui.services import Services

pytestmark = pytest.mark.snapshots

HAIKU = '''\
name = "Haiku"
description = "Three lines, after an example"
kind = "completion"
stop = ["\\n\\n"]
# The poet is a blank to fill in.
body = """
A haiku about {{ message | trim }}, in the manner of {{ poet }}:
"""

[variables.poet]
default = "Bashō"
label = "Poet"
'''
FAULTY = HAIKU.replace("message | trim", "mesage | trim").replace("label =", "lable =")
TRAPS = HAIKU.replace("of {{ poet }}:", "of Bashō: ").replace("stop", "# stop")


def studio(scene: Scene) -> StudioScreen:
    assert scene.app.chat is not None
    found = scene.app.chat.open_studio_screen
    assert found is not None
    return found


async def valid(scene: Scene, _text: str) -> None:
    await scene.open("alt+t", "StudioScreen")
    await scene.until(lambda: studio(scene).state.counted and studio(scene).query("Blank Input"))


async def prompt(scene: Scene, _text: str) -> None:
    await scene.open("alt+t", "StudioScreen")
    await scene.until(lambda: studio(scene).state.counted)
    await scene.pilot.press("f3", "alt+o")
    await scene.until_shown("haiku│")


async def tokens(scene: Scene, _text: str) -> None:
    await scene.open("alt+t", "StudioScreen")
    await scene.until(lambda: studio(scene).state.counted)
    await scene.pilot.press("alt+o")
    await scene.until_shown("haiku│")


async def findings(scene: Scene, text: str) -> None:
    await valid(scene, text)
    editor = studio(scene).query_one(TextArea)
    editor.text = text
    await scene.until_shown("line 7: ")
    await scene.until(lambda: editor.has_focus and editor.cursor_location == (0, 0))


async def running(scene: Scene, text: str) -> None:
    await valid(scene, text)
    await scene.pilot.press("ctrl+r")
    await scene.until_shown("Once")


SCENES = {
    "valid-80-dark": (valid, (80, 24), "dark", ""),
    "valid-120-light": (valid, (120, 40), "light", ""),
    "tokens-120-dark": (tokens, (120, 40), "dark", ""),
    "prompt-80-light": (prompt, (80, 24), "light", ""),
    "faults-120-dark": (findings, (120, 40), "dark", FAULTY),
    "traps-80-light": (findings, (80, 24), "light", TRAPS),
    "running-120-light": (running, (120, 40), "light", ""),
}


@pytest.mark.parametrize("scene", SCENES)
def test_studio(picture: Picture, paths: Paths, scene: str) -> None:
    steps, size, theme, text = SCENES[scene]
    authoring.create(Library(paths.templates), "Haiku", HAIKU)
    services = Services(
        paths=paths,
        settings=Settings(),
        memory=Memory(theme=theme, template="haiku"),
        library=Library(paths.templates),
        client=HostClient(argv=fake_host(context=1024, token_delay_s=600)),
        environ={"HF_HUB_OFFLINE": "1", "HF_HOME": str(paths.cache / "hub")},
        now=lambda: NOW_S,
    )
    app = TunesmithApp(lambda: services, theme=theme, model="gpt2")
    assert picture(app, size, lambda pilot: steps(Scene(app, pilot), text))
