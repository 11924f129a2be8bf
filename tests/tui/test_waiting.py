"""What a reply was asked with stays as it was, and it is stored, however long that takes."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from engine.conversations import Store
from engine.errors import StoreFailed
from engine.paths import Paths
from engine.protocol import AnyCommand, Generate, SamplingChange
from tui.state.chat import shown_lines

Start = Callable[..., Any]


def _full(*_: object, **__: object) -> None:
    raise StoreFailed("The disk is full", "Free some space")


def _asked(program: Any) -> list[Generate]:
    sent: list[Generate] = []
    run = program.session._desk.bridge.run

    def watch(command: AnyCommand) -> None:
        if isinstance(command, Generate):
            sent.append(command)
        run(command)

    program.session._desk.bridge.run = watch
    return sent


async def test_a_waiting_reply_is_sampled_as_it_was_asked_for(start: Start) -> None:
    async with start() as program:
        await program.ready()
        program.session.prompting.choose_sampling(SamplingChange(temperature=0.0))
        await program.say("a")
        first = program.session.state.conversation_id
        await program.pilot.press("ctrl+n")
        program.session.prompting.choose_sampling(SamplingChange(temperature=1.9))
        await program.say("b")
        second = program.session.state.conversation_id
    async with start(load_delay_s=0.3) as program:
        asked = _asked(program)
        program.screen.open_conversation(first)
        program.composer.put("question")
        await program.pilot.press("enter")
        program.screen.open_conversation(second)
        await program.until(lambda: program.session.state.reply is None, "the end of the reply")
        assert [command.sampling.temperature for command in asked] == [0.0]
        assert program.session.store.path(first)[-1].sampling == SamplingChange(temperature=0.0)


async def test_a_conversation_that_waits_begins_with_its_own_choices(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("other")
        other = program.session.state.conversation_id
    async with start(load_delay_s=0.3, template="translate") as program:
        program.session.prompting.choose_variables({"language": "Greek"})
        program.session.prompting.choose_sampling(SamplingChange(temperature=0.0))
        program.composer.put("hello")
        await program.pilot.press("enter")
        program.screen.open_conversation(other)
        await program.until(lambda: len(program.session.store.conversations()) == 2, "the new conversation")
        new = program.session.store.conversations()[0]
        assert (new.template, new.variables["language"]) == ("translate", "Greek")
        assert new.sampling == SamplingChange(temperature=0.0)


async def test_a_message_sent_early_is_answered_with_the_template_of_the_training(start: Start) -> None:
    async with start(model="run:tickets", load_delay_s=0.2) as program:
        asked = _asked(program)
        program.composer.put("It does not print")
        await program.pilot.press("enter")
        await program.until(lambda: len(program.texts()) == 2 and not program.session.state.busy)
        assert [command.prompt.template.name for command in asked] == ["Tickets"]
        assert program.session.state.turns[-1].template == "Tickets"


async def test_a_reply_that_could_not_be_stored_is_neither_dropped_nor_replaced(
    start: Start, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(reply="Hi") as program:
        await program.ready()
        with monkeypatch.context() as patched:
            patched.setattr(program.session.store, "begin_reply", _full)
            program.composer.put("first message")
            await program.pilot.press("enter")
            await program.until(lambda: program.session.state.reply and program.session.state.reply.over)
            program.composer.put("second message")
            await program.pilot.press("enter")
            await program.until(lambda: program.composer.text == "second message", "the message in the composer")
            assert [line.text for line in shown_lines(program.session.state)] == ["first message", "Hi"]
            assert program.session.store.draft(None) == "first message\n\nsecond message"
        await program.until(lambda: program.session.state.reply is None, "the reply in the store")
        assert program.texts() == ["first message", "Hi"]
        assert program.session.state.fault is None
        assert program.composer.text == "second message"


async def test_a_reply_that_can_not_be_stored_at_the_end_leaves_its_message_as_a_draft(
    start: Start, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(reply="Hi") as program:
        await program.ready()
        monkeypatch.setattr(program.session.store, "begin_reply", _full)
        program.composer.put("first message")
        await program.pilot.press("enter")
        await program.until(lambda: program.session.state.reply and program.session.state.reply.over)
    store = Store.open(paths.conversations_file)
    assert store.draft(None) == "first message"
    store.close()


async def test_a_reply_that_can_not_begin_is_tried_again_ever_less_often(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[None] = []

    def full() -> str:
        tries.append(None)
        raise OSError(28, "No space left on device")

    async with start(tokens=150, token_delay_s=0.01) as program:
        await program.ready()
        with monkeypatch.context() as patched:
            patched.setattr(program.session.store._writer, "name", full)
            program.composer.put("hello")
            await program.pilot.press("enter")
            await program.until(lambda: program.session.state.reply and program.session.state.reply.over)
            assert 1 <= len(tries) <= 8
            assert program.session.store.conversations() == ()
        await program.until(lambda: program.session.state.reply is None, "the reply in the store")
        (talk,) = program.session.store.conversations()
        assert program.session.store.all_turns(talk.id)[0].text == "hello"
        assert talk.turns == 2


async def test_another_programs_writing_does_not_hold_up_the_keys(start: Start, paths: Paths) -> None:
    async with start(reply="Hi") as program:
        await program.ready()
        with contextlib.closing(sqlite3.connect(paths.conversations_file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            begin_s = program.screen.services.clock()
            program.composer.put("hello")
            program.screen.save_draft()
            assert program.screen.services.clock() - begin_s < 2.0
            await program.pilot.press("enter")
            await program.until(lambda: program.session.state.reply and program.session.state.reply.over)
            assert not program.app._notifications
            other.execute("ROLLBACK")
        await program.until(lambda: program.session.state.reply is None, "the reply in the store")
        assert program.texts() == ["hello", "Hi"]


@pytest.mark.parametrize("forever", [False, True])
@pytest.mark.parametrize("action", ["rename_chat", "delete_chat", "older_version", "regenerate", "edit_turn"])
async def test_a_conversation_that_another_program_deleted_ends_nothing(
    start: Start, paths: Paths, action: str, forever: bool
) -> None:
    async with start(reply="Hi") as program:
        await program.ready()
        await program.say("first")
        talk = program.session.state.conversation_id
        program.composer.put("half a thought")
        other = Store.open(paths.conversations_file)
        other.delete(talk)
        if forever:
            other.purge(deleted_before_s=float("inf"))
        other.close()
        await program.screen.run_action(action)
        await program.until(lambda: not program.session.state.busy)
        await program.pilot.press("escape")
        await program.pilot.press("x")
        assert program.app.is_running
        program.screen.save_draft()
        kept = [program.composer.text, program.session.store.draft(None)]
        if not forever:
            kept.append(program.session.store.typed(talk))
        assert any("half a thought" in text for text in kept)


@pytest.mark.parametrize("forever", [False, True])
async def test_a_conversation_that_is_deleted_while_its_reply_comes_leaves_a_new_chat(
    start: Start, paths: Paths, forever: bool
) -> None:
    async with start(tokens=60, token_delay_s=0.02) as program:
        await program.ready()
        program.composer.put("hello")
        await program.pilot.press("enter")
        await program.until(lambda: program.session.state.reply and program.session.state.reply.turn_id)
        program.composer.put("half a thought")
        other = Store.open(paths.conversations_file)
        other.delete(program.session.state.conversation_id)
        if forever:
            other.purge(deleted_before_s=float("inf"))
        other.close()
        await program.until(lambda: program.session.state.reply is None, "the end of the reply")
        assert program.session.state.conversation_id is None
        assert program.composer.text == "half a thought"
        await program.say("again")
        assert program.texts()[0] == "again"
