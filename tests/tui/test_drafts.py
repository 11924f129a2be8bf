"""What a person typed is never lost: drafts, messages that wait for their answer, and what came back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.conversations import Store
from engine.paths import Paths

Start = Callable[..., Any]


async def _streams(program: Any) -> None:
    await program.until(lambda: program.session.state.reply and program.session.state.reply.turn_id, "the first token")


async def test_what_is_typed_while_the_model_loads_stays_on_the_disk(start: Start, paths: Paths) -> None:
    async with start(load_delay_s=0.3, tokens=10_000, token_delay_s=0.01) as program:
        store = program.session.store
        program.composer.put("hello")
        await program.pilot.press("enter")
        program.composer.put("the next question")
        await program.until(lambda: store.draft(None) == "hello\n\nthe next question", "both on the disk")
        await _streams(program)
        other = Store.open(paths.conversations_file)
        (talk,) = other.conversations()
        assert (talk.draft, other.draft(None)) == ("the next question", "")
        other.close()
        assert program.composer.text == "the next question"


async def test_what_was_typed_ahead_is_found_in_the_conversation_that_began(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("other")
        other = program.session.state.conversation_id
    async with start(load_delay_s=0.3) as program:
        program.composer.put("hello")
        await program.pilot.press("enter")
        program.composer.put("the next question")
        program.screen.open_conversation(other)
        await program.until(lambda: len(program.session.store.conversations()) == 2, "the new conversation")
        await program.until(lambda: program.session.state.reply is None, "the end of the reply")
        new = program.session.store.conversations()[0]
        assert (new.title, new.draft, program.session.store.draft(None)) == ("hello", "the next question", "")
        program.screen.open_conversation(new.id)
        assert program.composer.text == "the next question"


async def _two_talks(start: Start) -> tuple[int, int]:
    async with start() as program:
        await program.ready()
        await program.say("first")
        first = program.session.state.conversation_id
        await program.pilot.press("ctrl+n")
        await program.say("second")
        return first, program.session.state.conversation_id


async def test_a_message_that_was_answered_elsewhere_is_no_draft_any_more(start: Start) -> None:
    first, second = await _two_talks(start)
    async with start(load_delay_s=0.3) as program:
        program.screen.open_conversation(first)
        program.composer.put("question")
        await program.pilot.press("enter")
        program.screen.open_conversation(second)
        assert program.session.store.draft(first) == "question"
        await program.until(lambda: program.session.state.reply is None, "the end of the reply")
        program.screen.open_conversation(first)
        assert program.texts()[2] == "question"
        assert program.composer.text == ""


async def test_a_waiting_message_is_not_in_the_composer_when_its_conversation_is_opened_again(start: Start) -> None:
    first, second = await _two_talks(start)
    async with start(load_delay_s=600) as program:
        program.screen.open_conversation(first)
        program.composer.put("question")
        await program.pilot.press("enter")
        program.composer.put("and more")
        program.screen.open_conversation(second)
        program.screen.open_conversation(first)
        assert program.composer.text == "and more"
        assert program.session.store.draft(first) == "question\n\nand more"


async def test_a_message_that_came_to_nothing_goes_back_to_its_own_conversation(start: Start) -> None:
    first, second = await _two_talks(start)
    async with start(load_delay_s=600) as program:
        program.screen.open_conversation(first)
        program.composer.put("question")
        await program.pilot.press("enter")
        program.composer.put("and more")
        program.screen.open_conversation(second)
        program.composer.put("for the second")
        await program.pilot.press("escape")
        await program.until(lambda: program.session.state.reply is None, "the end of waiting")
        assert program.composer.text == "for the second"
        program.screen.open_conversation(first)
        assert program.composer.text == "question\n\nand more"


async def test_deleting_a_conversation_keeps_both_drafts(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("first")
        first = program.session.state.conversation_id
        program.session.store.set_draft(None, "for a new one")
        program.composer.put("for the first")
        await program.screen.run_action("delete_chat")
        assert program.composer.text == "for a new one"
        await program.screen.run_action("undo_delete")
        assert program.session.state.conversation_id == first
        assert program.composer.text == "for the first"
