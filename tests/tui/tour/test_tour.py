"""The tour, as somebody takes it who has just opened the program for the first time."""

from __future__ import annotations

import errno
import os
from collections import namedtuple
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.errors import Cancelled, Failed
from engine.paths import Paths, find_paths
from engine.runs import RunFolder, list_runs
from engine.starter import PROBES
from tests.fakes.runs import FakeTrainer
from tests.tui.conftest import Program
from tests.tui.dialogs.training import services
from tui.screens.model_picker import ModelPicker
from tui.screens.tour import TourScreen
from tui.screens.tour.ending import TourEnding
from tui.screens.tune import TuneForm
from tui.session import Session
from tui.state.tour import Stage
from tui.tour_desk import TourDesk
from tui.widgets.tour_guide import TourGuide
from tui.widgets.welcome import TourCard

Start = Callable[..., Any]
Usage = namedtuple("Usage", "total used free")


class Lesson:
    """The tour's trainer, moved by hand."""

    def __init__(self) -> None:
        self.trainer: FakeTrainer | None = None
        self.fails = ""

    def __call__(self, run: RunFolder, *, environ: dict[str, str]) -> int:
        if self.fails:
            raise Failed(self.fails, "Look there")
        paths = find_paths(environ)
        assert run.path.parent == paths.runs
        self.trainer = FakeTrainer(paths, run.name, total=42).work().begin().train(5)
        return 4242

    @property
    def at_work(self) -> FakeTrainer:
        assert self.trainer is not None
        return self.trainer

    def close(self) -> None:
        if self.trainer is not None and self.trainer.run.path.exists():
            self.trainer.close()


@pytest.fixture
def lesson(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lesson]:
    lesson = Lesson()
    monkeypatch.setattr("tui.tour_desk.start", lesson)
    monkeypatch.setattr("tui.tour_desk.end_at_once", lambda run, pid: lesson.close())
    yield lesson
    lesson.close()


def on_screen(program: Program) -> str:
    return "\n".join(strip.text.rstrip() for strip in program.app.screen._compositor.render_strips())


def tour_of(program: Program) -> TourScreen:
    screen = next(one for one in program.app.screen_stack if isinstance(one, TourScreen))
    assert isinstance(screen, TourScreen)
    return screen


def session_of(screen: TourScreen) -> Session:
    assert screen.session is not None
    return screen.session


async def take(program: Program, *keys: str) -> TourScreen:
    """Take the tour from the first screen, and wait until the starter answers."""
    await program.ready()
    await program.pilot.press(*keys)
    await program.until(lambda: isinstance(program.app.screen, TourScreen), "the tour")
    screen = tour_of(program)
    await program.until(lambda: screen.session is not None and session_of(screen).state.model.info, "the starter")
    return screen


async def step(program: Program, stage: Stage, *keys: str) -> None:
    """Press keys, and wait for a step."""
    await program.pilot.press(*keys)
    await program.until(lambda: tour_of(program).tour.stage == stage, f"the step {stage}")


async def ending(program: Program) -> TourEnding:
    await program.until(lambda: isinstance(program.app.screen, TourEnding), "before and after")
    screen = program.app.screen
    assert isinstance(screen, TourEnding)
    return screen


async def left(program: Program) -> None:
    await program.until(lambda: program.app.screen is program.screen, "the chat")


async def test_from_the_card_to_the_end_and_the_result_is_kept(start: Start, lesson: Lesson, paths: Paths) -> None:
    async with start(model="starter", reply="I am fine") as program:
        await program.ready()
        await program.until(lambda: program.screen.query_one(TourCard).display, "the card")
        screen = await take(program, "enter")
        assert not screen.query_one(TourCard).display
        await step(program, "teach", "enter")
        assert [turn.text for turn in session_of(screen).state.turns][::2] == list(PROBES)
        await step(program, "teaching", "enter")
        await program.until(lambda: "step 5 of 42" in on_screen(program), "the loss")
        lesson.at_work.train(37).finish()
        await step(program, "again")
        await program.pilot.press("enter")
        await ending(program)
        assert session_of(screen).state.model.ref == "run:tour"
        assert len(session_of(screen).state.turns) == 12
        assert on_screen(program).count("I am fine") >= 6
        await program.pilot.press("k")
        await program.until(lambda: "Kept as the run tour" in on_screen(program), "the kept run")
        folder = screen._desk.folder
        await program.pilot.press("escape")
        await left(program)
        await program.until(lambda: not folder.exists(), "nothing of the tour")
        assert [run.name for run in list_runs(paths.runs)] == ["tour"]
        assert program.session.store.conversations() == ()
        assert program.session.state.model.ref == "starter"


async def test_every_step_can_be_skipped_and_nothing_stays(start: Start, lesson: Lesson, paths: Paths) -> None:
    async with start(model="starter") as program:
        await take(program, *"/tour", "enter")
        await step(program, "teach", "alt+s")
        await step(program, "end", "alt+s")
        await ending(program)
        assert "Nothing was asked" in on_screen(program)
        assert "keeps it" not in on_screen(program)
        await program.pilot.press("escape")
        await left(program)
    assert lesson.trainer is None
    assert not paths.runs.exists()


async def test_it_can_be_left_while_the_lesson_goes_on(start: Start, lesson: Lesson, paths: Paths) -> None:
    async with start(model="starter") as program:
        screen = await take(program, "enter")
        await step(program, "teach", "alt+s")
        await step(program, "teaching", "enter")
        await program.until(lambda: screen.run_view is not None, "the run")
        await program.pilot.press("escape")
        await left(program)
        await program.until(lambda: not screen._desk.folder.exists(), "nothing of the tour")
    assert not paths.runs.exists()


async def test_a_lesson_that_is_skipped_ends_early_and_is_asked_all_the_same(start: Start, lesson: Lesson) -> None:
    async with start(model="starter") as program:
        screen = await take(program, "enter")
        await step(program, "teach", "alt+s")
        await step(program, "teaching", "enter")
        await program.until(lambda: screen.run_view is not None, "the run")
        await program.pilot.press("alt+s")
        await program.until(lesson.at_work.run.control_file.exists, "the request")
        lesson.at_work.finish()
        await step(program, "again")


async def test_what_goes_wrong_is_told_and_can_be_tried_again(start: Start, lesson: Lesson) -> None:
    lesson.fails = "The trainer ended at once: \x1b[31mno memory"
    async with start(model="starter") as program:
        await take(program, "enter")
        await step(program, "teach", "alt+s")
        await program.pilot.press("enter")
        await program.until(lambda: tour_of(program).tour.fault, "the fault")
        assert "no memory" in on_screen(program)
        assert "tunesmith doctor --full" in on_screen(program).replace("\n", " ")
        assert tour_of(program).tour.stage == "teach"
        lesson.fails = ""
        await step(program, "teaching", "enter")
        await program.until(lambda: lesson.trainer is not None and tour_of(program).run_view is not None, "the run")
        lesson.at_work.fail("It grew too large", "Stop other programs")
        await step(program, "teach")
        assert "It grew too large" in tour_of(program).tour.fault


def test_a_lesson_that_comes_up_after_the_tour_was_left_is_not_begun(lesson: Lesson, paths: Paths) -> None:
    desk = TourDesk(services(paths))
    desk.close()
    with pytest.raises(Cancelled):
        desk.begin_lesson()
    assert lesson.trainer is None
    assert not desk.folder.exists()


async def test_a_tour_without_room_is_not_begun(start: Start, lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    async with start(model="starter") as program:
        await program.ready()
        monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**9, 10**9, 12_000_000))
        await program.pilot.press("enter")
        await program.until(lambda: list(program.app._notifications), "a word")
        assert "12 MB are free" in next(iter(program.app._notifications)).message
        assert program.app.screen is program.screen


def test_a_tour_without_a_place_says_so(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.mkdtemp", full)
    with pytest.raises(Failed, match="No space left on device"):
        TourDesk(services(paths))


async def test_a_model_that_does_not_load_is_told(start: Start, lesson: Lesson) -> None:
    async with start(model="starter", fail_load="load-failed") as program:
        await program.until(lambda: program.session.state.model.failure, "the failure")
        await program.pilot.press(*"/tour", "enter")
        await program.until(lambda: isinstance(program.app.screen, TourScreen), "the tour")
        await program.pilot.press("enter")
        await program.until(lambda: tour_of(program).tour.fault, "the fault")
        assert tour_of(program).tour.stage == "meet"


async def test_one_talks_with_it_in_between(start: Start, lesson: Lesson) -> None:
    async with start(model="starter", reply="I am fine") as program:
        screen = await take(program, "enter")
        await program.pilot.press(*"Hi there", "enter")
        await program.until(lambda: len(session_of(screen).state.turns) == 2, "a reply")
        assert screen.tour.stage == "meet"
        await step(program, "teach", "enter")
        assert len(screen.tour.before) == len(PROBES)


async def test_a_stopped_reply_stops_the_questions(start: Start, lesson: Lesson) -> None:
    async with start(model="starter", tokens=10_000, token_delay_s=0.05) as program:
        screen = await take(program, "enter")
        await step(program, "meeting", "enter")
        await program.until(lambda: session_of(screen).state.busy, "the reply")
        await step(program, "meet", "escape")
        await program.until(lambda: not session_of(screen).state.busy, "the end of the reply")
        assert screen.tour.before == ()


@pytest.mark.parametrize(("key", "screen"), [("g", ModelPicker), ("d", TuneForm)])
async def test_what_to_try_next_is_a_key_away(start: Start, lesson: Lesson, key: str, screen: type) -> None:
    async with start(model="starter") as program:
        await take(program, "enter")
        await step(program, "teach", "alt+s")
        await step(program, "end", "alt+s")
        await ending(program)
        await program.pilot.press(key)
        await program.until(lambda: isinstance(program.app.screen, screen), "what is next")


async def test_the_guide_can_be_clicked(start: Start, lesson: Lesson) -> None:
    async with start(model="starter") as program:
        screen = await take(program, "enter")
        keys = screen.query_one(TourGuide).query_one("#guide-keys")
        await program.pilot.click(keys, offset=(36, 0))
        await program.until(lambda: screen.tour.stage == "teach", "the next step")


async def test_the_card_is_for_the_starter_only(start: Start, lesson: Lesson) -> None:
    async with start(model="gpt2") as program:
        await program.ready()
        assert not program.screen.query_one(TourCard).display
        await program.pilot.press("enter")
        await program.pilot.pause()
        assert program.app.screen is program.screen
