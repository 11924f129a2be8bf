"""Editing a turn costs neither the edit nor what else was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.conversations import Store
from engine.errors import StoreFailed
from engine.paths import Paths

Start = Callable[..., Any]


def _edit(program: Any, place: int, text: str) -> None:
    program.screen.turn_action("edit", program.session.state.turns[place].id)
    program.composer.put(text)


async def _sent(program: Any, *texts: str) -> None:
    await program.until(
        lambda: tuple(program.texts()[: len(texts)]) == texts and not program.session.state.busy, f"{texts}"
    )


@pytest.mark.parametrize("place", [0, 1])
async def test_the_half_written_message_is_back_after_an_edit_is_sent(start: Start, place: int) -> None:
    async with start(reply="Hello") as program:
        await program.ready()
        await program.say("one")
        talk = program.session.state.conversation_id
        program.composer.put("half a thought")
        _edit(program, place, "better")
        await program.pilot.press("enter")
        await program.until(lambda: program.texts()[place] == "better" and not program.session.state.busy)
        assert program.composer.text == "half a thought"
        program.screen.save_draft()
        assert program.session.store.draft(talk) == "half a thought"


async def test_an_edit_and_the_draft_are_both_kept_when_another_conversation_is_opened(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("one")
        talk = program.session.state.conversation_id
        program.composer.put("half a thought")
        _edit(program, 0, "one, but better")
        await program.pilot.press("ctrl+n")
        assert program.session.store.draft(talk) == "half a thought"
        program.screen.open_conversation(talk)
        assert program.session.state.editing == program.session.state.turns[0]
        assert program.composer.text == "one, but better"
        await program.pilot.press("escape")
        assert program.composer.text == "half a thought"


async def test_an_edit_survives_the_end_of_the_program(start: Start, paths: Paths) -> None:
    async with start() as program:
        await program.ready()
        await program.say("one")
        talk = program.session.state.conversation_id
        program.composer.put("half a thought")
        _edit(program, 0, "one, but better")
        turn_id = program.session.state.turns[0].id
        store = Store.open(paths.conversations_file)
        await program.until(lambda: store.rewrite(turn_id) == "one, but better", "the edit on the disk")
        store.close()
        program.composer.put("one, but best")
    async with start() as program:
        program.screen.open_conversation(talk)
        assert program.composer.text == "one, but best"
        await program.pilot.press("escape")
        assert program.composer.text == "half a thought"


async def test_each_turn_keeps_its_own_edit(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("one")
        await program.say("two")
        _edit(program, 0, "one, but better")
        program.screen.turn_action("edit", program.session.state.turns[2].id)
        assert program.composer.text == "two"
        await program.pilot.press("escape")
        program.screen.turn_action("edit", program.session.state.turns[0].id)
        assert program.composer.text == "one, but better"
        program.composer.put("")
        await program.pilot.press("escape")
        program.screen.turn_action("edit", program.session.state.turns[0].id)
        assert program.composer.text == "one"


@pytest.mark.parametrize("place", [0, 1])
async def test_an_edit_that_can_not_be_stored_is_back_in_the_composer(
    start: Start, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFailed("The disk is full", "Free some space")

    async with start(fail_generate="") as program:
        await program.ready()
        await program.say("one")
        _edit(program, place, "my own long version")
        with monkeypatch.context() as patched:
            patched.setattr(program.session.store, "add_turn", full)
            patched.setattr(program.session.store, "begin_reply", full)
            await program.pilot.press("enter")
            if place:
                await program.until(lambda: program.composer.text == "my own long version", "the edit in the composer")
                assert program.session.state.editing is not None
            else:
                await program.until(lambda: program.session.state.reply and program.session.state.reply.over)
        if place:
            await program.pilot.press("enter")
        await program.until(lambda: program.texts()[place] == "my own long version", "the edit in the conversation")


async def test_an_edit_whose_answer_fails_is_an_edit_again(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("one")
        talk = program.session.state.conversation_id
    async with start(load_delay_s=600) as program:
        program.screen.open_conversation(talk)
        program.composer.put("half a thought")
        _edit(program, 0, "one, but better")
        await program.pilot.press("enter")
        assert program.composer.text == "half a thought"
        assert program.session.store.rewrite(program.session.state.turns[0].id) == "one, but better"
        program.composer.put("a whole thought")
        await program.pilot.press("escape")
        assert program.session.state.editing == program.session.state.turns[0]
        assert program.composer.text == "one, but better"
        await program.pilot.press("escape")
        assert program.composer.text == "a whole thought"


async def test_an_edit_goes_to_its_own_branch_whichever_is_shown(start: Start) -> None:
    async with start(reply="{prompt}!") as program:
        await program.ready()
        await program.say("a")
        await program.say("b")
        _edit(program, 0, "a2")
        await program.pilot.press("enter")
        await _sent(program, "a2", "a2!")
        turns = program.session.state.turns
        program.session.conversations.show_version(turns[0], -1)
        _edit(program, 2, "b, but better")
        program.screen.turn_action("newer", program.session.state.turns[0].id)
        assert program.texts() == ["a2", "a2!"]
        await program.pilot.press("enter")
        await _sent(program, "a", "a!", "b, but better", "b, but better!")
        assert program.session.state.turns[2].versions == 2
