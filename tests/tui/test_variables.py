"""Filling in the blanks of a template while the rest of the screen changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.events import Key
from textual.widgets import Input

from engine.conversations import Store
from engine.paths import Paths
from engine.protocol import SamplingChange
from tui.widgets.variables import VariablesForm

Start = Callable[..., Any]
TEXT = "dragonsandknights"


async def _emptied(program: Any) -> Input:
    form = program.screen.query_one(VariablesForm)
    await program.until(lambda: form.query(Input), "the field")
    field: Input = form.query(Input).first()
    field.focus()
    await program.until(lambda: field.has_focus, "the focus")
    field.value = ""
    await program.until(lambda: "" in program.session.state.variables.values(), "the empty blank")
    return field


@pytest.mark.parametrize("streams", [False, True])
async def test_a_blank_keeps_its_text_and_the_keys_while_the_screen_is_drawn(start: Start, streams: bool) -> None:
    async with start(template="translate", tokens=100_000, token_delay_s=0.002) as program:
        await program.ready()
        field = await _emptied(program)
        if streams:
            program.composer.put("Go on")
            program.composer.focus()
            await program.pilot.press("enter")
            await program.until(lambda: program.session.state.reply and program.session.state.reply.tokens > 3)
            field.focus()
            await program.until(lambda: field.has_focus, "the focus")
        for key in TEXT:
            program.app.post_message(Key(key, key))
        await program.until(lambda: TEXT in program.session.state.variables.values(), "the text in the state")
        assert program.app.focused is field
        assert field.value == TEXT
        assert program.composer.text == ""


async def test_a_blank_of_a_chat_that_has_not_begun_survives_a_crash(start: Start, paths: Paths) -> None:
    async with start(model="") as program:
        program.session.prompting.choose_template("translate")
        program.session.prompting.choose_sampling(SamplingChange(temperature=0.5))
        field = await _emptied(program)
        await program.pilot.press(*"French")
        await program.until(lambda: "French" in program.session.state.variables.values())
        store = Store.open(paths.conversations_file)  # what a second program would find after a kill -9 of the first
        kept = store.choices()
        store.close()
        assert kept.template == "translate"
        assert "French" in kept.variables.values()
        assert kept.sampling.temperature == 0.5
    async with start() as program:
        assert program.session.state.template.id == "translate"
        field = program.screen.query_one(VariablesForm).query(Input).first
        await program.until(lambda: program.screen.query_one(VariablesForm).query(Input), "the field")
        assert field().value == "French"
        await program.ready()
        await program.say("Hello")
        assert program.session.state.conversation.variables == kept.variables
        assert program.session.store.choices().template == ""  # it has begun: they are its own now
    async with start(template="story") as program:
        assert program.session.state.template.id == "story"


async def test_another_conversations_values_are_shown(start: Start) -> None:
    async with start(template="translate") as program:
        await program.ready()
        field = await _emptied(program)
        await program.pilot.press(*"French")
        program.session.prompting.choose_sampling(SamplingChange(temperature=0.0))
        program.composer.focus()
        await program.say("Hello")
        first = program.session.state.conversation_id
        await program.pilot.press("ctrl+n")
        field.focus()
        await program.until(lambda: field.has_focus, "the focus")
        field.value = "Greek"
        await program.until(lambda: "Greek" in program.session.state.variables.values())
        program.screen.open_conversation(first)
        await program.until(lambda: field.value == "French", "the value of the conversation")
