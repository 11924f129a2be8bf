"""Many replies: from a `GenerateBatch` to the events that answer it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator

from engine.errors import TunesmithError
from engine.inference.generation import SEED_BITS, ReplyEvent, generate
from engine.inference.loading import LoadedModel
from engine.protocol import (
    BatchFinished,
    Generate,
    GenerateBatch,
    GenerationFinished,
    GenerationStarted,
    ItemFailed,
    ReplyFinished,
    ReplyGrew,
    ReplyStarted,
    TokensEmitted,
)

BatchEvent = ReplyStarted | ReplyGrew | ReplyFinished | ItemFailed | BatchFinished


def generate_batch(
    loaded: LoadedModel,
    command: GenerateBatch,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
    draw_seed: Callable[[], int] = lambda: secrets.randbits(SEED_BITS),
) -> Iterator[BatchEvent]:
    """Answer all prompts of a batch.

    Args:
        loaded: The model; its decoder is used by nobody else meanwhile.
        command: What to answer, and how.
        cancelled: Asked before each token; replies that are over stay, the others are never finished.
        clock: Seconds that only go forward.
        draw_seed: Draws a seed where an item has none.

    Yields:
        For each item a `ReplyStarted`, any number of `ReplyGrew`, and a `ReplyFinished`, or else an `ItemFailed`;
        those of several items come mixed. At the end a `BatchFinished`.
    """
    started_s = clock()
    done = failed = 0
    for place, item in enumerate(command.items):
        if cancelled():
            break
        reply = Generate(id=command.id, prompt=item.prompt, sampling=item.sampling, stop=item.stop)
        try:
            for event in generate(loaded, reply, cancelled=cancelled, clock=clock, draw_seed=draw_seed):
                told = _as_item(event, place, clock() - started_s)
                if told is not None:
                    done += isinstance(told, ReplyFinished)
                    yield told
        except TunesmithError as error:
            failed += 1
            yield ItemFailed(id=command.id, item=place, code=error.code, title=error.title, hint=error.hint)
    yield BatchFinished(
        id=command.id,
        reason="completed" if done + failed == len(command.items) else "cancelled",
        done=done,
        failed=failed,
        seconds=clock() - started_s,
    )


def _as_item(event: ReplyEvent, place: int, seconds: float) -> BatchEvent | None:
    """What an event of a single reply tells of an item; None where it is nothing, as of a cancelled reply."""
    match event:
        case GenerationStarted():
            return ReplyStarted(
                id=event.id,
                item=place,
                prompt_tokens=event.prompt_tokens,
                dropped_turns=event.dropped_turns,
                seed=event.seed,
            )
        case TokensEmitted() if event.text:
            return ReplyGrew(id=event.id, item=place, text=event.text, tokens=len(event.ids))
        case GenerationFinished() if event.reason != "cancelled":
            return ReplyFinished(
                id=event.id,
                item=place,
                reason=event.reason,
                tokens=event.tokens,
                prompt_tokens=event.prompt_tokens,
                seconds=seconds,
                stop_text=event.stop_text,
            )
        case _:
            return None
