"""How a reply grows and ends."""

from __future__ import annotations

import pytest

from engine.figures import figures_line
from engine.protocol import (
    AnyEvent,
    Failed,
    FinishReason,
    GenerationFinished,
    GenerationStarted,
    Prompt,
    Sampling,
    Template,
    TokensEmitted,
)
from tui.state.reply import Asked, Reply

STARTED = GenerationStarted(id=5, prompt_tokens=10, cached_tokens=4, context_tokens=64, dropped_turns=2, seed=42)


def finished(reason: FinishReason, tokens: int) -> GenerationFinished:
    return GenerationFinished(
        id=5, reason=reason, tokens=tokens, prompt_tokens=10, seconds=2.0, first_token_s=0.5, tokens_per_s=20.0
    )


def after(*events: AnyEvent, start: str = "") -> Reply:
    asked = Asked(
        prompt=Prompt(template=Template(id="plain", name="Plain", kind="completion", body=""), turns=()),
        sampling=Sampling(),
    )
    reply = Reply(conversation_id=1, parent_id=3, start=start, text=start, asked=asked).ask(5, ref="gpt2", model="gpt2")
    for event in events:
        reply = reply.apply(event)
    return reply


def test_texts_are_joined_and_figures_kept() -> None:
    reply = after(
        STARTED,
        TokensEmitted(id=5, text="Hel", ids=(1,)),
        TokensEmitted(id=5, text="lo", ids=(2, 3)),
        finished("stop", 3),
    )
    assert (reply.text, reply.phase, reply.tokens, reply.over) == ("Hello", "finished", 3, True)
    assert reply.figures is not None
    assert (reply.figures.seed, reply.figures.dropped_turns, reply.figures.cached_tokens) == (42, 2, 4)
    assert (reply.figures.reason, reply.figures.tokens_per_s) == ("stop", 20.0)


def test_a_continued_reply_begins_with_what_was_there() -> None:
    reply = after(STARTED, TokensEmitted(id=5, text=" more", ids=(1,)), finished("length", 1), start="Once")
    assert reply.text == "Once more"
    assert reply.figures is not None
    assert reply.figures.continued
    assert figures_line(reply.figures).endswith("continued with seed 42")


def test_the_figures_have_all_that_it_takes_to_repeat_a_reply() -> None:
    figures = after(STARTED, finished("stop", 3)).figures
    assert figures is not None
    assert (figures.sampling, figures.seed, figures.continued) == (Sampling(), 42, False)


@pytest.mark.parametrize(
    ("events", "worth_keeping"),
    [
        ((), False),
        ((STARTED,), False),
        ((STARTED, TokensEmitted(id=5, text="a", ids=(1,))), True),
        ((STARTED, Failed(id=5, code="x", title="t")), False),
        ((STARTED, TokensEmitted(id=5, text="a", ids=(1,)), Failed(id=5, code="x", title="t")), True),
        ((STARTED, finished("stop", 0)), True),
        ((STARTED, finished("cancelled", 0)), False),
        ((STARTED, TokensEmitted(id=5, text="a", ids=(1,)), finished("cancelled", 1)), True),
    ],
)
def test_only_what_came_is_kept(events: tuple[AnyEvent, ...], worth_keeping: bool) -> None:
    assert after(*events).worth_keeping is worth_keeping


def test_after_the_end_nothing_changes() -> None:
    reply = after(STARTED, finished("stop", 0))
    assert reply.apply(TokensEmitted(id=5, text="late", ids=(1,))) is reply


def test_other_requests_change_nothing() -> None:
    reply = after(STARTED)
    assert reply.apply(TokensEmitted(id=6, text="x", ids=(1,))) is reply
