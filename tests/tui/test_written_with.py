"""A conversation that another model wrote says so, and a key loads that one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.conversations import Conversation, StoredTurn
from engine.protocol import SamplingChange, Template
from tui.renderables.written_with import written_with
from tui.state.chat import ChatState
from tui.state.model import ModelState

Start = Callable[..., Any]
PLAIN = Template(id="plain", name="Plain", kind="completion", body="{{ message }}")


def state(written: str, answers: str, phase: Any = "ready") -> ChatState:
    conversation = Conversation(
        id=1,
        title="",
        created_s=0,
        updated_s=0,
        model=written,
        template="plain",
        variables={},
        sampling=SamplingChange(),
        draft="",
        head_id=1,
        turns=1,
    )
    turn = StoredTurn(
        id=1,
        conversation_id=1,
        parent_id=None,
        role="user",
        text="Hi",
        created_s=0,
        model="",
        template="",
        sampling=None,
        figures=None,
        note="",
        version=1,
        versions=1,
    )
    model = ModelState(phase=phase, ref=answers)
    return ChatState(template=PLAIN, conversation=conversation, model=model).with_turns((turn,))


@pytest.mark.parametrize(
    ("written", "answers", "phase", "line"),
    [
        ("gpt2", "distilgpt2", "ready", "Written with gpt2 · Alt+O loads it"),
        ("gpt2", "", "none", "Written with gpt2 · Alt+O loads it"),
        ("a/gpt2", "b/gpt2", "ready", "Written with a/gpt2 · Alt+O loads it"),
        ("run:x@10\x1b", "gpt2", "failed", "Written with run:x@10␛ · Alt+O loads it"),
        ("gpt2", "gpt2", "ready", ""),
        ("gpt2", "other", "loading", ""),
        ("", "gpt2", "ready", ""),
    ],
)
def test_the_line(written: str, answers: str, phase: str, line: str) -> None:
    assert written_with(state(written, answers, phase), {}).plain == line


def test_the_users_own_key_is_named() -> None:
    assert "Ctrl+X loads" in written_with(state("gpt2", "other"), {"load_written": "ctrl+x"}).plain
    assert "/load loads" in written_with(state("gpt2", "other"), {"load_written": ""}).plain


async def test_a_conversation_under_another_model_says_so_and_a_key_loads_its_own(start: Start) -> None:
    async with start() as program:

        def line() -> str:
            return str(program.screen.query_one("#written-with").content)

        await program.ready()
        await program.say("Hi")
        assert line() == ""
        program.session.model.load("other")
        await program.until(lambda: line() == "Written with fake · Alt+O loads it")
        await program.pilot.press("alt+o")
        await program.until(lambda: program.session.state.model.ref == "fake" and line() == "")
        program.session.model.load("other")
        await program.until(lambda: program.session.state.model.info.ref == "other")
        await program.say("And now?")
        assert program.session.state.conversation.model == "other"
        assert line() == ""
        await program.pilot.press("alt+o")
        await program.until(lambda: any("answers already" in told.message for told in program.app._notifications))
        talk = program.session.state.conversation_id
    async with start(model="") as program:
        program.screen.open_conversation(talk)
        await program.until(lambda: line() == "Written with other · Alt+O loads it")
        await program.until(lambda: program.screen.query_one("#written-with").region.height == 1, "a place for it")
        await program.pilot.click("#written-with", offset=(30, 0))
        await program.until(lambda: program.session.state.model.ref == "other" and line() == "")
