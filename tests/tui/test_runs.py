"""The panel beside the chat, the training screen, and the list of runs."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from textual import events
from textual._compositor import Compositor

from engine.corpus.spec import DataSpec
from engine.errors import Failed
from engine.memory import Memory, load_memory
from engine.paths import Paths
from engine.runs import Plan, RunFolder
from engine.runs.control import take_request
from engine.runs.events import ProbeSampled, RunPaused, RunResumed
from tests.fakes.runs import FakeTrainer, store_runs
from tests.tui.conftest import DEADLINE_S, Program
from tui.app import _model_of
from tui.launcher import main
from tui.screens.chat import run_panel
from tui.screens.help import HelpScreen
from tui.screens.question import Question
from tui.screens.run import RunScreen
from tui.screens.runs_dialog import RunsDialog
from tui.screens.tune import TuneForm
from tui.state.run import RunView
from tui.widgets.curve_view import CurveView
from tui.widgets.dock import Dock
from tui.widgets.filter_list import FilterList

Start = Callable[..., Any]
RENDER_UPDATE = Compositor.render_update
SHOWN = Memory(dock_shown=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_panel, "LOOK_FOR_RUNS_S", 0.02)


@pytest.fixture
def trainer(paths: Paths) -> Iterator[FakeTrainer]:
    trainer = FakeTrainer(paths, "first").work().begin().train(120)
    yield trainer
    trainer.close()


def on_screen(program: Program) -> str:
    return "\n".join(strip.text.rstrip() for strip in program.app.screen._compositor.render_strips())


async def until_shown(program: Program, *words: str) -> None:
    """Wait until all of the words are on the screen; where they are not, fail with what is there."""
    try:
        await program.until(lambda: all(word in on_screen(program) for word in words))
    except AssertionError:
        raise AssertionError(f"waited in vain for {words} on\n{on_screen(program)}") from None


def view(program: Program) -> RunView:
    assert program.screen.run_view is not None
    return program.screen.run_view


async def attached(program: Program, name: str = "first") -> None:
    await program.until(lambda: program.screen.run_view and view(program).name == name, f"the run {name}")


async def opened(program: Program) -> RunScreen:
    """Open the training screen."""
    await attached(program)
    await program.pilot.press("f7")
    await program.until(lambda: isinstance(program.app.screen, RunScreen), "the training screen")
    screen = program.app.screen
    assert isinstance(screen, RunScreen)
    await program.until(lambda: screen.query_one(CurveView).drawing.last_step, "the curve")
    return screen


def cursor_of(screen: RunScreen) -> int | None:
    return screen.lens.cursor


# The panel


async def test_the_program_opens_with_the_run_that_was_named(start: Start, trainer: FakeTrainer, paths: Paths) -> None:
    FakeTrainer(paths, "other").begin().close()
    async with start(run="other") as program:
        await attached(program, "other")
        assert program.screen.query_one(Dock).display


def test_a_run_that_is_not_there_is_told_before_the_screen_opens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--run", "nowhere"]) == 3
    assert "There is no run called nowhere" in capsys.readouterr().err


def test_the_model_of_a_run_is_talked_to_once_it_has_made_one(paths: Paths) -> None:
    trainer = FakeTrainer(paths).begin()
    assert _model_of(paths, "first") == ""
    trainer.save(10)
    assert _model_of(paths, "first") == "run:first"
    trainer.close()


async def test_with_no_run_the_panel_invites_to_start_one(start: Start) -> None:
    async with start(memory=SHOWN) as program:
        await until_shown(program, "Teach a model", "tunesmith tune")


async def test_the_panel_shows_the_run_that_is_alive_and_follows_it(start: Start, trainer: FakeTrainer) -> None:
    async with start(memory=SHOWN, size=(120, 50)) as program:
        await until_shown(program, "first", "▶ Training · step 120 of 500", "24%", "epoch 0.72/3", "2,000 tok/s")
        await until_shown(program, "At step 100 it says", "Once upon a time", "★ 100", "grad", "1.2 GB")
        trainer.train(40)
        await until_shown(program, "step 160 of 500", "At step 150 it says")


async def test_a_trainer_that_is_killed_is_shown_as_dead_with_the_end_of_its_log(
    start: Start, trainer: FakeTrainer
) -> None:
    async with start(memory=SHOWN, size=(120, 50)) as program:
        await until_shown(program, "▶ Training")
        trainer.die("loading", "out of \x1b[31mmemory")
        await until_shown(program, "✗ Died · step 120 of 500", "out of ␛[31mmemory", "/resume goes on", "/try")


async def test_a_paused_and_a_finished_run_say_so_in_words(start: Start, trainer: FakeTrainer) -> None:
    async with start(memory=SHOWN, size=(120, 50)) as program:
        trainer.pause()
        await until_shown(program, "‖ Paused · step 120 of 500", "/resume goes on")
        trainer.work().train(380).finish()
        await until_shown(program, "✓ Finished", "Did it help?", "50.0% →")


async def test_a_run_that_starts_opens_the_panel_by_itself(start: Start, paths: Paths) -> None:
    async with start(memory=Memory(dock_shown=False)) as program:
        await program.until(lambda: program.screen._arrivals and program.screen._arrivals._training is not None)
        assert not program.screen.query_one(Dock).display
        trainer = FakeTrainer(paths, "second").work().begin()
        await until_shown(program, "second", "◌ Getting ready")
        trainer.close()


async def test_a_run_that_starts_beside_one_that_is_watched_is_told(
    start: Start, trainer: FakeTrainer, paths: Paths
) -> None:
    async with start(memory=SHOWN) as program:
        await attached(program)
        other = FakeTrainer(paths, "second").work()
        await program.until(lambda: any("second has begun" in n.message for n in program.app._notifications))
        assert view(program).name == "first"
        other.close()


async def test_a_run_that_is_deleted_elsewhere_leaves_the_panel(start: Start, trainer: FakeTrainer) -> None:
    async with start(memory=SHOWN) as program:
        await attached(program)
        trainer.close()
        shutil.rmtree(trainer.run.path)
        await until_shown(program, "Teach a model")


async def test_a_run_is_opened_by_name_and_remembered(start: Start, paths: Paths) -> None:
    FakeTrainer(paths, "one").begin().close()
    FakeTrainer(paths, "two").begin().close()
    async with start() as program:
        for name in ("one", "two"):
            program.composer.put(f"/runs {name}")
            await program.pilot.press("enter")
            await attached(program, name)
            assert program.screen.query_one(Dock).display
        program.composer.put("/runs three")
        await program.pilot.press("enter")
        await program.until(lambda: any("no run called three" in n.message for n in program.app._notifications))
    assert load_memory(paths.memory_file).run == "two"
    async with start(memory=load_memory(paths.memory_file)) as program:
        await attached(program, "two")


async def test_a_checkpoint_opens_with_a_click(start: Start, trainer: FakeTrainer) -> None:
    async with start(memory=SHOWN, size=(120, 50)) as program:
        await program.ready()
        await until_shown(program, "★ 100")
        rows = on_screen(program).splitlines()
        y = next(at for at, row in enumerate(rows) if "★ 100" in row and "at" not in row)
        await program.pilot.click(offset=(rows[y].index("★ 100") + 2, y))
        await program.until(lambda: program.session.state.model.ref == "run:first@100", "the checkpoint's model")


async def test_the_end_of_a_run_is_told_where_the_panel_is_folded(start: Start, trainer: FakeTrainer) -> None:
    async with start(size=(80, 24)) as program:
        await attached(program)
        trainer.die("Killed")
        await program.until(lambda: any("first: ✗ Died" in n.message for n in program.app._notifications))


# Asking


@pytest.mark.parametrize(
    ("typed", "request_", "words"),
    [("/pause", "pause", "pausing after"), ("/checkpoint", "save", "saving after"), ("/finish", "stop", "stopping")],
)
async def test_the_trainer_is_asked_from_the_composer(
    start: Start, trainer: FakeTrainer, typed: str, request_: str, words: str
) -> None:
    async with start(memory=SHOWN) as program:
        await attached(program)
        program.composer.put(typed)
        await program.pilot.press("enter")
        await until_shown(program, words)
        assert take_request(trainer.run.control_file) == request_


async def test_asking_a_run_that_nobody_trains_is_answered_in_words(start: Start, trainer: FakeTrainer) -> None:
    trainer.pause()
    async with start(memory=SHOWN) as program:
        await attached(program)
        await program.screen.run_action("pause_run")
        await program.until(lambda: any("not being trained" in n.message for n in program.app._notifications))


async def test_without_a_run_there_is_nobody_to_ask(start: Start) -> None:
    async with start() as program:
        for action in ("pause_run", "resume_run", "save_run", "stop_run", "talk_to_run", "delete_run", "training"):
            program.app.clear_notifications()
            await program.screen.run_action(action)
            await program.until(lambda: any("no training run" in n.message for n in program.app._notifications), action)


async def test_a_dead_run_goes_on(start: Start, trainer: FakeTrainer) -> None:
    trainer.die("Killed")
    started: list[str] = []

    def go_on(run: RunFolder) -> int:
        started.append(run.name)
        trainer.work()
        return 1

    async with start(memory=SHOWN) as program:
        await until_shown(program, "✗ Died")
        program.screen.start_trainer = go_on
        await program.screen.run_action("resume_run")
        await until_shown(program, "▶ Training")
    assert started == ["first"]


async def test_a_trainer_that_does_not_start_is_told(start: Start, trainer: FakeTrainer) -> None:
    trainer.pause()

    def refuse(run: RunFolder) -> int:
        raise Failed("The trainer ended at once", "See its log")

    async with start(memory=SHOWN) as program:
        await attached(program)
        program.screen.start_trainer = refuse
        await program.screen.run_action("resume_run")
        await program.until(lambda: any("ended at once" in n.message for n in program.app._notifications))


async def test_another_conversation_begins_for_a_checkpoint_but_not_between_two(
    start: Start, trainer: FakeTrainer
) -> None:
    async with start(reply="Hi") as program:
        await program.ready()
        await attached(program)
        await program.say("Hello")
        program.screen.talk_to_run("first", 100)
        assert program.texts() == []
        await program.until(lambda: program.session.state.model.info is not None)
        await program.say("Once")
        program.screen.talk_to_run("first", 200)
        assert program.texts()[0] == "Once"


# The training screen


async def test_the_cursor_walks_the_curve_and_the_replies_with_it(start: Start, trainer: FakeTrainer) -> None:
    async with start() as program:
        screen = await opened(program)
        await until_shown(program, "step 120 ·", "At step 100 it says")
        await program.pilot.press("home")
        await until_shown(program, "step 1 ·", "At step 0 it says", "the the of , a the and")
        await program.pilot.press("right", "right")
        assert screen.lens.cursor is not None
        assert 0 < screen.lens.cursor < 20
        await program.pilot.press("shift+right")
        await until_shown(program, "step 50 ·", "held out ◆", "At step 50 it says")
        await program.pilot.press("shift+left")
        assert screen.lens.cursor == 0
        await program.pilot.press("escape")
        assert cursor_of(screen) is None
        await program.pilot.press("left")
        assert cursor_of(screen) is not None
        await program.pilot.press("end", "escape")
        await program.until(lambda: program.app.screen is program.screen, "the chat")


async def test_the_curve_is_looked_at_in_other_ways(start: Start, trainer: FakeTrainer) -> None:
    async with start() as program:
        await opened(program)
        await until_shown(program, "whole run · linear · smoothed over")
        await program.pilot.press("l", "v")
        await until_shown(program, "last steps · logarithmic")
        await program.pilot.press("m", "m")
        await until_shown(program, "not smoothed")


async def test_the_mouse_points_at_a_step(start: Start, trainer: FakeTrainer) -> None:
    async with start() as program:
        screen = await opened(program)
        curve = screen.query_one(CurveView)
        await program.pilot.click(curve, offset=(curve.size.width // 2, 3))
        await program.until(lambda: screen.lens.cursor and 40 < screen.lens.cursor < 80, "the cursor")


async def test_a_checkpoint_is_chosen_and_opened(start: Start, trainer: FakeTrainer) -> None:
    trainer.train(200)
    async with start() as program:
        await program.ready()
        screen = await opened(program)
        assert screen.chosen == 300
        await program.pilot.press("tab")
        assert screen.chosen == 100
        await program.pilot.press("shift+tab", "shift+tab")
        assert screen.chosen == 200
        await until_shown(program, "[200]")
        await program.pilot.press("enter")
        await program.until(lambda: program.app.screen is program.screen, "the chat")
        assert program.session.state.model.ref == "run:first@200"
        assert trainer.run.name == "first"


async def test_the_training_screen_asks_the_trainer(start: Start, trainer: FakeTrainer) -> None:
    async with start() as program:
        await opened(program)
        for key, request in (("s", "save"), ("p", "pause"), ("x", "stop")):
            await program.pilot.press(key)
            await program.until(lambda request=request: take_request(trainer.run.control_file) == request, request)


async def test_a_death_while_the_screen_is_open_says_what_can_be_done(start: Start, trainer: FakeTrainer) -> None:
    async with start(size=(80, 24)) as program:
        await opened(program)
        trainer.die("Killed by the system")
        await until_shown(program, "✗ Died", "Killed by the system", "P goes on", "Enter talks", "D deletes")


async def test_on_a_small_terminal_details_take_the_place_of_the_curve(start: Start, trainer: FakeTrainer) -> None:
    async with start(size=(80, 24)) as program:
        await opened(program)
        await program.pilot.press("f")
        await until_shown(program, "gradient", "1.2M of 124M", "Did it help?")
        await program.pilot.press("down", "f")
        await until_shown(program, "whole run")


async def test_a_run_is_deleted_after_a_yes(start: Start, trainer: FakeTrainer) -> None:
    trainer.pause()
    async with start() as program:
        await opened(program)
        await program.pilot.press("d")
        await program.until(lambda: isinstance(program.app.screen, Question), "the question")
        await until_shown(program, "Delete first?", "kB are")
        await program.pilot.press("escape")
        await program.until(lambda: isinstance(program.app.screen, RunScreen), "the training screen")
        assert trainer.run.path.is_dir()
        await program.pilot.press("d")
        await program.until(lambda: isinstance(program.app.screen, Question), "the question")
        await program.pilot.press("y")
        await program.until(lambda: program.app.screen is program.screen, "the chat")
        assert not trainer.run.path.exists()


async def test_a_run_that_goes_while_a_dialog_is_open_closes_the_screen_after_it(
    start: Start, trainer: FakeTrainer
) -> None:
    async with start() as program:
        await opened(program)
        await program.pilot.press("f1")
        await program.until(lambda: isinstance(program.app.screen, HelpScreen), "the help")
        trainer.close()
        shutil.rmtree(trainer.run.path)
        await program.until(lambda: program.screen.run_view is None, "the end of the run")
        assert isinstance(program.app.screen, HelpScreen)
        await program.pilot.press("escape")
        await program.until(lambda: program.app.screen is program.screen, "the chat")


async def test_nothing_that_a_run_says_drives_the_terminal(start: Start, paths: Paths) -> None:
    bad = "a\x1b]52;c;aGk=\x07b\x9b31m\u202ec[/bold]"
    plan = Plan(model=bad, data=DataSpec(source=bad))
    trainer = FakeTrainer(paths, "hostile", plan=plan).begin().train(60)
    trainer.tell(ProbeSampled(step=60, index=0, prompt=bad, text=bad))
    trainer.warn(bad, bad)
    trainer.die(bad)
    pages = []
    async with start(memory=SHOWN, size=(160, 60)) as program:
        await until_shown(program, "✗ Died", "a␛]52;c;aGk=␇b")
        pages.append(on_screen(program))
        await program.pilot.press("f7")
        await until_shown(program, "At step 60 it says", "The end of its log", "[/bold]")
        pages.append(on_screen(program))
        await program.pilot.press("escape", "f8")
        await until_shown(program, "Training runs", "hostile", "✗ Died", "a␛]52;c;aGk=␇b")
        pages.append(on_screen(program))
    for page in pages:
        assert not set(page) & set("\x1b\x07\x9b\u202e")


async def test_a_full_disk_pauses_in_words_and_goes_on_by_itself(start: Start, trainer: FakeTrainer) -> None:
    async with start(memory=SHOWN) as program:
        await attached(program)
        words = "The disk is full: the run waits until there is room"
        trainer.tell(RunPaused(step=120, reason="disk-full", words=words))
        await until_shown(program, "‖ Paused", "The disk is full")
        trainer.tell(RunResumed(step=120)).train(5)
        await until_shown(program, "▶ Training · step 125")


async def test_a_failure_says_why_and_what_to_do(start: Start, trainer: FakeTrainer) -> None:
    async with start(memory=SHOWN) as program:
        await attached(program)
        trainer.fail("The loss of step 121 is not a finite number", "Start again with a lower rate")
        await until_shown(program, "✗ Failed", "finite", "lower", "/resume goes on")


# All runs


async def listed(program: Program) -> RunsDialog:
    await program.pilot.press("f8")
    await program.until(lambda: isinstance(program.app.screen, RunsDialog), "the list")
    dialog = program.app.screen
    assert isinstance(dialog, RunsDialog)
    await program.until(lambda: dialog._runs is not None, "the runs")
    return dialog


@pytest.fixture
def trainers(paths: Paths) -> Iterator[tuple[FakeTrainer, ...]]:
    trainers = tuple(store_runs(paths))
    yield trainers
    for trainer in trainers:
        trainer.close()


async def test_the_list_tells_runs_apart_in_words(start: Start, trainers: tuple[FakeTrainer, ...]) -> None:
    async with start() as program:
        await listed(program)
        await until_shown(program, "▶ reviews-lora", "Training", "‖ poems-soft-prompt", "Paused", "✗ reviews-full")
        await until_shown(program, "Died", "✓ stories-lora", "Finished", "4 of 4", "gpt2", "reviews.jsonl")


async def test_the_list_is_narrowed_and_a_run_opened(start: Start, trainers: tuple[FakeTrainer, ...]) -> None:
    async with start() as program:
        dialog = await listed(program)
        await program.pilot.press(*"died")
        await program.until(lambda: dialog.query_one(FilterList).highlighted_id == "reviews-full")
        await until_shown(program, "1 of 4", "The end of its log")
        await program.pilot.press("enter")
        await attached(program, "reviews-full")
        assert program.screen.query_one(Dock).display


async def test_an_empty_list_says_how_to_begin(start: Start) -> None:
    async with start() as program:
        await listed(program)
        await until_shown(program, "No model was ever taught here", "tunesmith tune")


async def test_a_run_is_renamed_in_the_list(start: Start, trainers: tuple[FakeTrainer, ...], paths: Paths) -> None:
    async with start() as program:
        dialog = await listed(program)
        await program.pilot.press("down", "f2")
        await until_shown(program, "Rename poems-soft-prompt")
        await program.pilot.press(*"poems", "enter")
        await program.until(lambda: dialog.query_one(FilterList).highlighted_id == "poems", "the new name")
        assert (paths.runs / "poems").is_dir()
        await program.pilot.press("f2")
        await until_shown(program, "Rename poems")
        await program.pilot.press(*"stories-lora", "enter")
        await until_shown(program, "There is a run called stories-lora already")


async def test_the_run_in_the_panel_stays_there_when_it_is_renamed(
    start: Start, trainer: FakeTrainer, paths: Paths
) -> None:
    trainer.pause()
    FakeTrainer(paths, "newest").begin().close()
    async with start(run="first") as program:
        await attached(program)
        dialog = await listed(program)
        await program.until(lambda: dialog.query_one(FilterList).highlighted_id == "first")
        await program.pilot.press("f2")
        await until_shown(program, "Rename first")
        await program.pilot.press(*"poems", "enter")
        await attached(program, "poems")
    assert load_memory(paths.memory_file).run == "poems"


async def test_a_run_is_deleted_in_the_list(start: Start, trainers: tuple[FakeTrainer, ...], paths: Paths) -> None:
    async with start() as program:
        await listed(program)
        await program.pilot.press("f8")
        await until_shown(program, "reviews-lora is being trained")
        await program.pilot.press("down", "f8")
        await until_shown(program, "Delete poems-soft-prompt?")
        await program.pilot.press("y")
        await until_shown(program, "3 of 3")
        assert not (paths.runs / "poems-soft-prompt").exists()


async def test_what_can_be_done_with_a_run_depends_on_how_it_stands(
    start: Start, trainers: tuple[FakeTrainer, ...]
) -> None:
    async with start() as program:
        await listed(program)
        await program.pilot.press("f7")
        await until_shown(program, "reviews-lora is being trained already")
        await program.pilot.press("ctrl+end", "f7")
        await until_shown(program, "stories-lora is finished")
        await program.pilot.press("f3")
        await program.until(lambda: program.app.screen is program.screen, "the chat")
        assert program.session.state.model.ref == "run:stories-lora"


async def test_a_run_is_repeated_with_its_plan(start: Start, trainers: tuple[FakeTrainer, ...]) -> None:
    async with start() as program:
        await listed(program)
        await program.pilot.press("f9")
        await program.until(lambda: isinstance(program.app.screen, TuneForm), "the form")
        await until_shown(program, "gpt2", "reviews.jsonl")


# Never in the way


async def test_keys_are_answered_while_a_thousand_events_a_second_arrive(
    start: Start, trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Compositor, "render_update", RENDER_UPDATE)  # with all the work of drawing
    over = threading.Event()

    def write() -> None:
        while not over.wait(0.02):
            trainer.train(20, evaluate_every=10_000, save_every=10_000)

    async with start(memory=SHOWN, size=(120, 40)) as program:
        await program.ready()
        await attached(program)
        writer = threading.Thread(target=write)
        writer.start()
        latencies = []
        try:
            while view(program).step < 2_000:
                latencies.append(await type_letter(program))
                await program.pilot.pause(0.01)
        finally:
            over.set()
            writer.join()
        await program.until(lambda: view(program).step == trainer.step, "all steps")
        assert [step.step for step in view(program).recent[-512:]] == list(range(trainer.step - 511, trainer.step + 1))
    assert len(latencies) > 20
    assert sorted(latencies)[int(0.9 * len(latencies))] < 0.1


async def type_letter(program: Program) -> float:
    """Type a letter; returns the seconds until it stands in the composer."""
    before = program.composer.text
    began = time.perf_counter()
    program.app.post_message(events.Key("x", "x"))
    while program.composer.text == before:
        assert time.perf_counter() - began < DEADLINE_S
        await asyncio.sleep(0)
    return time.perf_counter() - began
