"""What the trainer is asked from the chat."""

from __future__ import annotations

import pytest

from engine.errors import Failed
from engine.runs import RunFolder
from engine.runs.control import take_request
from tests.fakes.runs import FakeTrainer
from tests.tui.runs.watching import SHOWN, Start, attached, until_shown


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
