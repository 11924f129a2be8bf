"""The training on the whole screen."""

from __future__ import annotations

import shutil

from engine.corpus.spec import DataSpec
from engine.paths import Paths
from engine.runs import Plan
from engine.runs.control import take_request
from engine.runs.events import ProbeSampled, RunPaused, RunResumed
from tests.fakes.runs import FakeTrainer
from tests.tui.runs.watching import SHOWN, Start, attached, cursor_of, on_screen, opened, until_shown
from tui.screens.help import HelpScreen
from tui.screens.question import Question
from tui.screens.run import RunScreen
from tui.widgets.curve_view import CurveView


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


async def test_long_prompts_leave_the_replies_in_sight(start: Start, trainer: FakeTrainer) -> None:
    prompt = "It was a long film. " * 60 + "good or bad:"
    trainer.evaluate(150)
    trainer.tell(*(ProbeSampled(step=150, index=index, prompt=prompt, text=f" reply {index}") for index in range(3)))
    async with start(size=(80, 30)) as program:
        await opened(program)
        await until_shown(program, "reply 0", "reply 1", "… film. It was")


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
