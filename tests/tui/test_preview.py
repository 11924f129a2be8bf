"""The template picker over the whole program: what it shows is what the model would see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.screen import Screen

Start = Callable[..., Any]


def shown(screen: Screen[Any]) -> str:
    return "\n".join(strip.text for strip in screen._compositor.render_strips())


async def test_the_preview_is_what_the_model_will_see_with_what_was_typed(start: Start) -> None:
    async with start(context=10, beginning="<s>") as program:
        await program.ready()
        await program.say("words that fill the whole window")
        program.composer.put("a fox")
        await program.pilot.press("ctrl+t")
        picker = program.app.screen
        await program.until(lambda: "2 of 10 tokens · the oldest 2 turns fall out" in shown(picker))
        assert "<s>a fox◂" in shown(picker)


async def test_the_preview_of_nothing_typed_has_a_placeholder(start: Start) -> None:
    async with start(load_delay_s=600, template="story") as program:
        await program.pilot.press("ctrl+t")
        picker = program.app.screen
        await program.until(lambda: "creative story about ‹your message›:◂" in shown(picker))
        assert "no model yet, so not fitted to a window" in shown(picker)


async def test_a_models_own_template_is_refused_where_the_model_has_none(start: Start) -> None:
    async with start() as program:
        await program.ready()
        program.composer.put("/template own")
        await program.pilot.press("enter")
        await program.until(lambda: any("has no chat template" in n.message for n in program.app._notifications))
        assert program.session.state.template.id == "plain"
        assert program.session.prompting.why_not(program.session.library.get("own")) is not None
