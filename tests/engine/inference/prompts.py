"""Prompts and replies, written shortly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.inference.generation import ReplyEvent, generate
from engine.inference.loading import LoadedModel
from engine.protocol import (
    Generate,
    GenerationFinished,
    GenerationStarted,
    Prompt,
    Sampling,
    Template,
    TokensEmitted,
    Turn,
)

PLAIN = Template(id="plain", name="Plain", kind="completion", body="{{ message }}")
GREEDY = Sampling(temperature=0.0, top_k=0, top_p=1.0, max_new_tokens=40, seed=0)


def prompt(text: str = "Once upon a time", *, template: Template = PLAIN, reply_start: str = "") -> Prompt:
    return Prompt(template=template, turns=(Turn(role="user", text=text),), reply_start=reply_start)


def reply(
    loaded: LoadedModel, text: str | Prompt = "Once upon a time", sampling: Sampling = GREEDY, **options: Any
) -> list[ReplyEvent]:
    """All events of one reply."""
    what = prompt(text) if isinstance(text, str) else text
    stop = options.pop("stop", ())
    top_logprobs = options.pop("top_logprobs", 0)
    command = Generate(id=1, prompt=what, sampling=sampling, stop=stop, top_logprobs=top_logprobs)
    return list(generate(loaded, command, **options))


def text_of(events: Iterable[ReplyEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TokensEmitted))


def ids_of(events: Iterable[ReplyEvent]) -> list[int]:
    return [token for event in events if isinstance(event, TokensEmitted) for token in event.ids]


def started(events: list[ReplyEvent]) -> GenerationStarted:
    event = events[0]
    assert isinstance(event, GenerationStarted)
    return event


def finished(events: list[ReplyEvent]) -> GenerationFinished:
    event = events[-1]
    assert isinstance(event, GenerationFinished)
    return event
