"""Every screen as a picture, at two sizes and in both themes, against the picture that was approved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import pytest

from engine.client import HostClient
from engine.memory import Memory
from engine.models import ModelEntry
from engine.paths import Paths
from engine.protocol import LogLine, ModelKind
from engine.settings import Settings
from engine.templates import Library
from tests.fakes.host import count, fake_host
from tests.fakes.lesson import ENDED, HalfLesson
from tests.fakes.runs import store_runs
from tests.fakes.talks import NOW_S, store_talks
from tests.snapshots.conftest import Picture
from tests.snapshots.scene import Scene
from tui.app import TunesmithApp
from tui.screens.chat import ChatScreen
from tui.screens.model_picker import ModelPicker
from tui.screens.tour import TourScreen
from tui.services import Services
from tui.widgets.composer import Composer
from tui.widgets.filter_list import FilterList

pytestmark = pytest.mark.snapshots
SIZES = [(80, 24), (120, 40)]
THEMES = ["dark", "light"]

Steps = Callable[["ChatScene"], Awaitable[None]]


class ChatScene(Scene):
    """The chat, and ways to bring it to what shall be seen."""

    @property
    def chat(self) -> ChatScreen:
        assert self.app.chat is not None
        return self.app.chat

    async def talk(self) -> None:
        await self.ready()
        session = self.chat.session
        assert session is not None
        self.chat.open_conversation(session.store.conversations(limit=1)[0].id)
        await self.counted()

    async def counted(self) -> None:
        """Wait until the meter shows what would be sent now."""
        session = self.chat.session
        assert session is not None
        composer = self.chat.query_one(Composer)

        def is_counted() -> bool:
            counted = session.state.counted
            return counted is not None and counted.tokens == count(session.prompting.prompt_for(composer.text))

        await self.until(is_counted)

    async def run(self, name: str) -> None:
        """Wait until a run is shown."""
        await self.until(lambda: self.chat.run_view and self.chat.run_view.name == name)

    @property
    def tour(self) -> TourScreen:
        return next(screen for screen in self.app.screen_stack if isinstance(screen, TourScreen))

    async def key(self, key: str, screen: str) -> None:
        await self.pilot.press(key)
        await self.until(lambda: type(self.app.screen).__name__ == screen)


async def failed_model(scene: ChatScene) -> None:
    await scene.until(lambda: scene.app.chat and scene.chat.session and scene.chat.session.state.model.failure)


async def welcome(scene: ChatScene) -> None:
    await scene.ready()


async def tour_meets(scene: ChatScene) -> None:
    await scene.ready()
    await scene.key("enter", "TourScreen")
    tour = scene.tour
    await scene.until(lambda: tour.session and tour.session.state.model.info)


async def tour_teaches(scene: ChatScene) -> None:
    await tour_meets(scene)
    await scene.pilot.press("alt+s", "enter")
    await scene.until(lambda: "Arr, matey!" in scene.tour.tour.words(scene.tour.run_view))


async def tour_ends(scene: ChatScene) -> None:
    await tour_meets(scene)
    scene.tour._show(ENDED)
    await scene.key("enter", "TourEnding")


async def talk(scene: ChatScene) -> None:
    await scene.talk()


async def markdown(scene: ChatScene) -> None:
    await scene.talk()
    await scene.chat.run_action("toggle_markdown")
    scene.app.clear_notifications()


async def cursor(scene: ChatScene) -> None:
    await scene.talk()
    scene.chat.query_one("#transcript").focus()
    await scene.pilot.press("up")


async def streaming(scene: ChatScene) -> None:
    await scene.ready()
    session = scene.chat.session
    assert session is not None
    session.replies.send("Tell me a story")
    await scene.until(lambda: session.state.reply and session.state.reply.tokens == 1)


async def fault(scene: ChatScene) -> None:
    await scene.ready()
    session = scene.chat.session
    assert session is not None
    session.replies.send("Tell me a story")
    await scene.until(lambda: session.state.fault is not None)
    await scene.counted()


async def slash(scene: ChatScene) -> None:
    await scene.talk()
    await scene.pilot.press("/", "t")
    await scene.counted()


async def editing(scene: ChatScene) -> None:
    await scene.talk()
    await scene.pilot.press("alt+e")
    await scene.counted()


async def variables(scene: ChatScene) -> None:
    await scene.talk()
    session = scene.chat.session
    assert session is not None
    session.prompting.choose_template("translate")
    await scene.until(lambda: scene.chat.query("VariablesForm Input"))


async def panels(scene: ChatScene) -> None:
    await scene.talk()
    for name in ("#sidebar", "#dock"):
        scene.chat.query_one(name).display = True


async def dock(scene: ChatScene) -> None:
    await scene.talk()
    scene.chat.query_one("#sidebar").display = False
    scene.chat.show_dock()
    await scene.run("reviews-lora")


async def dead_dock(scene: ChatScene) -> None:
    await dock(scene)
    scene.chat.open_run("reviews-full")
    await scene.run("reviews-full")


async def finished_dock(scene: ChatScene) -> None:
    await dock(scene)
    scene.chat.open_run("stories-lora")
    await scene.run("stories-lora")


async def training(scene: ChatScene) -> None:
    await scene.talk()
    await scene.run("reviews-lora")
    await scene.key("f7", "RunScreen")


async def training_cursor(scene: ChatScene) -> None:
    await training(scene)
    await scene.pilot.press("shift+left", "shift+left", "left", "l", "tab")


async def training_died(scene: ChatScene) -> None:
    await dead_dock(scene)
    await scene.key("f7", "RunScreen")


async def training_details(scene: ChatScene) -> None:
    await finished_dock(scene)
    await scene.key("f7", "RunScreen")
    if scene.app.size.width < 100:
        await scene.pilot.press("f")


async def runs(scene: ChatScene) -> None:
    await scene.talk()
    await scene.run("reviews-lora")
    await scene.key("f8", "RunsDialog")
    await scene.until(lambda: scene.app.screen.query_one(FilterList).highlighted_id == "reviews-lora")
    await scene.pilot.press("down")


async def delete_run(scene: ChatScene) -> None:
    await runs(scene)
    await scene.key("f8", "Question")


async def models(scene: ChatScene) -> None:
    await scene.talk()
    await scene.app.push_screen(ModelPicker(ENTRIES, "gpt2"))


async def templates(scene: ChatScene) -> None:
    await scene.talk()
    await scene.key("ctrl+t", "TemplatePicker")
    await scene.pilot.press("down")
    await scene.until(lambda: "creative story" in scene.app.export_screenshot().replace("&#160;", " "))


async def sampling(scene: ChatScene) -> None:
    await scene.talk()
    await scene.key("ctrl+s", "SamplingForm")


async def sampling_fault(scene: ChatScene) -> None:
    await scene.talk()
    await scene.key("ctrl+s", "SamplingForm")
    await scene.pilot.press("end", "ctrl+u", "-", "1")


async def shown_help(scene: ChatScene) -> None:
    await scene.talk()
    await scene.key("f1", "HelpScreen")


async def log(scene: ChatScene) -> None:
    await scene.talk()
    assert scene.app.services is not None
    lines = scene.app.services.client.log_lines
    lines.clear()
    lines.append(LogLine(id=0, level="info", text="the host is up"))
    lines.append(LogLine(id=0, level="warning", text="a library had something to say \x1b[31min red\x1b[0m"))
    lines.append(LogLine(id=0, level="error", text="and something went wrong"))
    await scene.key("f12", "LogScreen")


async def search(scene: ChatScene) -> None:
    await scene.talk()
    await scene.key("ctrl+f", "SearchScreen")
    await scene.pilot.press(*"boots")
    rows = scene.app.screen.query_one(FilterList)
    await scene.until(lambda: rows.highlighted_id)


async def rename(scene: ChatScene) -> None:
    await scene.talk()
    await scene.key("f2", "LinePrompt")


async def palette(scene: ChatScene) -> None:
    await scene.talk()
    await scene.key("ctrl+p", "CommandPalette")
    await scene.pilot.press(*"template")
    await scene.until(lambda: "Pick&#160;a&#160;prompt" in scene.app.export_screenshot())


SCENES: dict[str, tuple[Steps, dict[str, object]]] = {
    "first-start": (welcome, {"model": ""}),
    "failed-model": (failed_model, {"fail_load": "load-failed", "load_delay_s": 0.0}),
    "welcome": (welcome, {}),
    "welcome-starter": (welcome, {"model": "starter"}),
    "tour": (tour_meets, {"model": "starter"}),
    "tour-teaches": (tour_teaches, {"model": "starter"}),
    "tour-ends": (tour_ends, {"model": "starter"}),
    "talk": (talk, {}),
    "markdown": (markdown, {}),
    "cursor": (cursor, {}),
    "streaming": (streaming, {"token_delay_s": 600}),
    "fault": (fault, {"fail_generate": "failed"}),
    "slash": (slash, {}),
    "editing": (editing, {}),
    "variables": (variables, {}),
    "panels": (panels, {}),
    "dock": (dock, {"runs": True}),
    "dock-dead": (dead_dock, {"runs": True}),
    "dock-finished": (finished_dock, {"runs": True}),
    "training": (training, {"runs": True}),
    "training-cursor": (training_cursor, {"runs": True}),
    "training-died": (training_died, {"runs": True}),
    "training-details": (training_details, {"runs": True}),
    "runs": (runs, {"runs": True}),
    "delete-run": (delete_run, {"runs": True}),
    "models": (models, {}),
    "templates": (templates, {}),
    "sampling": (sampling, {}),
    "sampling-fault": (sampling_fault, {}),
    "help": (shown_help, {}),
    "log": (log, {}),
    "search": (search, {}),
    "rename": (rename, {}),
    "palette": (palette, {}),
}
OURS = {"model", "runs"}
"""Options that are not the fake host's."""
MODELS: tuple[tuple[str, ModelKind, int, bool, str], ...] = (
    ("gpt2", "base", 124_439_808, True, ""),
    ("my-own-model", "instruct", 512_000, True, ""),
    ("old-model", "base", 355_000_000, True, "Its weights are a pickle (pytorch_model.bin), which is never opened"),
    ("distilgpt2", "base", 81_912_576, False, ""),
    ("gpt2-xl", "base", 1_557_611_200, False, ""),
)
ENTRIES = tuple(
    ModelEntry(
        ref=ref,
        name=ref,
        source="hub",
        kind=kind,
        architecture="gpt2",
        parameters=parameters,
        size_bytes=4 * parameters,
        context_tokens=1024,
        here=here,
        description="Continues any English text.",
        fault=fault_,
    )
    for ref, kind, parameters, here, fault_ in MODELS
)


@pytest.fixture(autouse=True)
def slow_lesson(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The trainer of the tour."""
    lesson = HalfLesson()
    monkeypatch.setattr("tui.tour_desk.start", lesson)
    monkeypatch.setattr("tui.tour_desk.end_at_once", lambda run, pid: None)
    yield
    lesson.close()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", SCENES)
def test_screen(picture: Picture, paths: Paths, scene: str, size: tuple[int, int], theme: str) -> None:
    steps, options = SCENES[scene]
    model = str(options.get("model", "gpt2"))
    store_talks(paths)
    trainers = store_runs(paths) if options.get("runs") else ()
    paths.templates.mkdir(parents=True)
    (paths.templates / "broken.toml").write_text('name = "Broken"\nkind = "completion"\nbody = "{{ message"\n')
    services = Services(
        paths=paths,
        settings=Settings(),
        memory=Memory(theme=theme, template="plain"),
        library=Library(paths.templates),
        client=HostClient(argv=fake_host(context=1024, **{k: v for k, v in options.items() if k not in OURS})),
        environ={"HF_HUB_OFFLINE": "1", "HF_HOME": str(paths.cache / "hub")},
        guest_client=lambda _: HostClient(argv=fake_host(context=1024)),
        now=lambda: NOW_S,
    )
    app = TunesmithApp(lambda: services, theme=theme, model=model)
    assert picture(app, size, lambda pilot: steps(ChatScene(app, pilot)))
    for trainer in trainers:
        trainer.close()
