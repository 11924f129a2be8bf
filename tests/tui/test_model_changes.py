"""Another model for a conversation that has begun, and none for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from engine.protocol import Failed, ModelReady
from tests.tui.conftest import Program

Start = Callable[..., Any]


def fault_of(program: Program) -> Failed | None:
    return program.session.state.fault


async def test_a_model_that_the_template_does_not_fit_is_told_when_it_comes(start: Start) -> None:
    async with start(kind="instruct") as program:
        await program.ready()
        program.session.prompting.choose_template("own")
        program.composer.put("Hi")
        await program.pilot.press("enter")
        await program.until(lambda: len(program.session.state.turns) == 2 and not program.session.state.busy)
        assert fault_of(program) is None
        state = program.session.state.model
        program.session._desk.put(model=state.load("gpt2", 990))
        base = replace(state.info, ref="gpt2", name="gpt2", chat_template="")
        program.session.apply([ModelReady(id=990, model=base, seconds=1.0)])
        fault = fault_of(program)
        assert fault is not None
        assert fault.title.startswith("gpt2 has no chat template")
        assert '"Plain"' in fault.hint
        program.session.prompting.choose_template("plain")
        assert fault_of(program) is None


async def test_an_unloaded_model_comes_back_with_the_next_message(start: Start) -> None:
    async with start() as program:
        await program.ready()
        program.composer.put("/unload")
        await program.pilot.press("enter")
        await program.until(lambda: program.session.state.model.info is None)
        client = program.session._desk.bridge.client
        await program.until(lambda: client.model is None, "the host to have let go of it")
        program.composer.put("Hi")
        await program.pilot.press("enter")
        await program.until(lambda: len(program.session.state.turns) == 2 and not program.session.state.busy)
        assert program.session.state.model.info is not None


async def test_a_reply_that_is_coming_keeps_its_model(start: Start) -> None:
    async with start(tokens=10_000, token_delay_s=0.002) as program:
        await program.ready()
        program.composer.put("Hi")
        await program.pilot.press("enter")
        await program.until(lambda: program.session.state.reply and program.session.state.reply.tokens > 5)
        await program.screen.run_action("unload_model")
        assert program.session.state.model.info is not None
        await program.pilot.press("escape")
        await program.until(lambda: not program.session.state.busy)
