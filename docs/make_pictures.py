"""The pictures of the documentation, made by the program itself.

    make pictures

The real program runs without a terminal, on a store with a few conversations and a scripted model host, and its
screens are saved as SVG into docs/pictures/.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from textual.pilot import Pilot

from engine.client import HostClient
from engine.lab.summary import summarise
from engine.memory import Memory
from engine.models import list_models
from engine.paths import find_paths
from engine.settings import Settings
from engine.templates import Library
from tests.fakes.host import fake_host
from tests.fakes.labs import film_lab, recorded
from tests.fakes.lesson import BEFORE, ENDED, HalfLesson
from tests.fakes.runs import store_runs
from tests.fakes.talks import NOW_S, store_talks
from tui.app import TunesmithApp
from tui.screens.lab import LabScreen
from tui.screens.model_picker import ModelPicker
from tui.screens.tour import TourScreen
from tui.services import Services
from tui.state.lab import LabView
from tui.state.lab_draft import own_rows
from tui.widgets.lab_grid import LabGrid

PICTURES = Path(__file__).parent / "pictures"
DEADLINE_S = 30.0


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Let the program go on until something holds."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await pilot.pause(0.02)


def save(app: TunesmithApp, name: str) -> None:
    """Save what is on the screen."""
    (PICTURES / f"{name}.svg").write_text(app.export_screenshot(title="Tunesmith"), encoding="utf-8")


async def draw(
    root: Path,
    theme: str,
    picture: Callable[[TunesmithApp, Pilot[None]], object],
    *,
    model: str = "gpt2",
    memory: Memory | None = None,
    reply: str = "",
) -> None:
    """Open the program on the first conversation and let `picture` save what it wants."""
    paths = find_paths({"TUNESMITH_HOME": str(root)})
    services = Services(
        paths=paths,
        settings=Settings(),
        memory=(memory or Memory()).with_(theme=theme),
        library=Library(paths.templates),
        client=HostClient(argv=fake_host(context=1024, token_delay_s=0.02, **({"reply": reply} if reply else {}))),
        environ={"HF_HOME": str(root / "hub"), "HF_HUB_OFFLINE": "1"},
        guest_client=lambda _: HostClient(argv=fake_host(context=512, reply=BEFORE[0].reply, token_delay_s=0.02)),
        now=lambda: NOW_S,
    )
    app = TunesmithApp(lambda: services, theme=theme, model=model)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.chat and app.chat.session and app.chat.session.state.model.info)
        assert app.chat is not None
        assert app.chat.session is not None
        newest = app.chat.session.store.conversations(limit=1)[0]
        app.chat.open_conversation(newest.id)
        await until(pilot, lambda: app.chat and app.chat.session and app.chat.session.state.counted)
        app.chat.query_one("#composer").cursor_blink = False  # type: ignore[attr-defined]
        await pilot.pause(0.5)
        result = picture(app, pilot)
        if asyncio.iscoroutine(result):
            await result


async def dialogs(app: TunesmithApp, pilot: Pilot[None]) -> None:
    """The chat, and the dialogs over it."""
    save(app, "chat")
    for key, name in (("ctrl+t", "templates"), ("ctrl+s", "sampling"), ("f1", "help")):
        await pilot.press(key)
        await pilot.pause(0.5)
        save(app, name)
        await pilot.press("escape")
    assert app.services is not None
    picker = ModelPicker(list_models(app.services.paths, app.services.environ), "gpt2")
    await app.push_screen(picker)
    await pilot.pause(0.5)
    save(app, "models")


async def first_minute(app: TunesmithApp, pilot: Pilot[None]) -> None:
    """What somebody sees who opens the program for the first time, and the tour."""
    assert app.chat is not None
    app.chat.action_new_chat()
    await pilot.pause(0.5)
    save(app, "welcome")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, TourScreen))
    tour = app.screen
    assert isinstance(tour, TourScreen)
    await until(pilot, lambda: tour.session and tour.session.state.model.info)
    await pilot.press("enter")
    await until(pilot, lambda: tour.tour.stage == "teach")
    await pilot.press("enter")
    await until(pilot, lambda: "Arr, matey!" in tour.tour.words(tour.run_view))
    await pilot.pause(0.5)
    save(app, "tour")
    tour._show(ENDED)
    await pilot.press("enter")
    await pilot.pause(0.5)
    save(app, "before-and-after")
    await pilot.press("escape")
    await until(pilot, lambda: app.screen is app.chat)


async def studio(app: TunesmithApp, pilot: Pilot[None]) -> None:
    """A template that is being written."""
    assert app.chat is not None
    app.chat.open_studio("translate")
    await until(pilot, lambda: app.chat and (one := app.chat.open_studio_screen) and one.state.counted)
    await pilot.press("alt+o", "ctrl+r")
    await pilot.pause(1.5)
    save(app, "studio")


async def lab(app: TunesmithApp, pilot: Pilot[None]) -> None:
    """A table that fills: what is known, what is being said, what waits."""
    assert app.chat is not None
    await app.chat.action_lab()
    await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.query(LabGrid))
    bench, screen = app.chat.lab, app.screen
    assert bench is not None
    assert isinstance(screen, LabScreen)
    compared = film_lab(app.chat.services.library)
    bench.forget()
    bench.draft, bench.view = own_rows(compared), LabView(compared)
    bench.view.apply(recorded(compared, until=20, known=8))
    bench.view.summary = summarise(compared, bench.view.table.results)
    screen.draw()
    await pilot.pause(0.5)
    save(app, "lab")


async def training(app: TunesmithApp, pilot: Pilot[None]) -> None:
    """A run that is being trained: beside the chat, and on the whole screen."""
    assert app.chat is not None
    await until(pilot, lambda: app.chat and app.chat.run_view)
    app.chat.show_dock()
    await pilot.pause(0.5)
    save(app, "dock")
    await pilot.press("f7", "shift+left", "shift+left")
    await pilot.pause(0.5)
    save(app, "training")


def main() -> None:
    """Make all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        store_talks(find_paths({"TUNESMITH_HOME": str(root)}))
        asyncio.run(draw(root, "dark", dialogs))
        lesson = HalfLesson()
        with patch("tui.tour_desk.start", lesson), patch("tui.tour_desk.end_at_once"):
            new = Memory(template="own", sidebar_folded=True)
            asyncio.run(draw(root, "dark", first_minute, model="starter", memory=new))
        lesson.close()
        asyncio.run(draw(root, "dark", studio, reply="Parlez-moi de la mer."))
        asyncio.run(draw(root, "dark", lab))
        asyncio.run(draw(root, "light", lambda app, _pilot: save(app, "light")))
        trainers = store_runs(find_paths({"TUNESMITH_HOME": str(root)}))
        asyncio.run(draw(root, "dark", training))
        for trainer in trainers:
            trainer.close()


if __name__ == "__main__":
    main()
