"""Slash commands that were typed by half, or wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.tui.conftest import Program
from tui.widgets.transcript import Transcript

Start = Callable[..., Any]


def said(program: Program, words: str) -> bool:
    return any(words in each.message for each in program.app._notifications)


async def test_enter_takes_the_only_command_that_it_could_be(start: Start) -> None:
    async with start() as program:
        await program.ready()
        before = program.screen.query_one(Transcript).markdown
        program.composer.put("/mark")
        await program.pilot.press("enter")
        await program.until(lambda: program.screen.query_one(Transcript).markdown != before)
        assert program.session.state.turns == ()
        assert program.composer.text == ""


async def test_a_word_that_is_no_command_is_told_and_not_sent(start: Start) -> None:
    async with start() as program:
        await program.ready()
        for typed, told in (("/foo", "There is no command /foo"), ("/st", "/st could be /stop or /studio")):
            program.composer.put(typed)
            await program.pilot.press("enter")
            await program.until(
                lambda told=told: any(told in each.message for each in program.app._notifications), told
            )
            assert program.composer.text == typed
        assert program.session.state.turns == ()


async def test_a_message_that_begins_with_a_slash_is_sent(start: Start) -> None:
    async with start() as program:
        await program.ready()
        program.composer.put("/usr/bin is a folder")
        await program.pilot.press("enter")
        await program.until(lambda: len(program.session.state.turns) == 2)
