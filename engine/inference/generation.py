"""One reply: from a `Generate` to the events that answer it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator

import torch

from engine.errors import Failed
from engine.inference.decoding import decode
from engine.inference.loading import LoadedModel
from engine.inference.reply import Reply, Request
from engine.inference.runtime import give_memory_back, is_out_of_memory
from engine.inference.sampling import Choice
from engine.protocol import (
    Alternative,
    Generate,
    GenerationFinished,
    GenerationStarted,
    TokensEmitted,
)

ReplyEvent = GenerationStarted | TokensEmitted | GenerationFinished
SEED_BITS = 32


def generate(
    loaded: LoadedModel,
    command: Generate,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
    draw_seed: Callable[[], int] = lambda: secrets.randbits(SEED_BITS),
) -> Iterator[ReplyEvent]:
    """Answer a prompt.

    Args:
        loaded: The model; its decoder is used by nobody else meanwhile.
        command: What to answer, and how.
        cancelled: Asked before each token; what there is stays.
        clock: Seconds that only go forward.
        draw_seed: Draws a seed where the command has none.

    Yields:
        `GenerationStarted`, any number of `TokensEmitted`, `GenerationFinished`.

    Raises:
        ContextOverflow: The last message alone is too long.
        TemplateFault: The template can't be rendered.
        Misuse: A sampling value is out of bounds.
        Failed: The model's numbers overflow, or memory runs out.
    """
    started_s = clock()
    torch.set_num_threads(loaded.threads)
    request = Request(
        prompt=command.prompt, sampling=command.sampling, stop=command.stop, top_logprobs=command.top_logprobs
    )
    reply = Reply(loaded, request, draw_seed)
    yield GenerationStarted(
        id=command.id,
        prompt_tokens=len(reply.prompt.ids),
        cached_tokens=loaded.decoder.reusable(reply.prompt.ids),
        context_tokens=loaded.info.context_tokens,
        dropped_turns=reply.prompt.dropped_turns,
        seed=reply.seed,
    )
    stream = _Stream(loaded, command, reply, clock)
    try:
        yield from stream.tokens(cancelled)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        loaded.decoder.forget()
        give_memory_back()
        raise Failed(
            "Memory ran out during the reply", "Shorten the conversation, close other programs, or take a smaller model"
        ) from error
    yield stream.finished(started_s)


class _Stream:
    """A reply's tokens as events, and their times."""

    def __init__(self, loaded: LoadedModel, command: Generate, reply: Reply, clock: Callable[[], float]) -> None:
        self._loaded, self._command, self._reply, self._clock = loaded, command, reply, clock
        self._first_s = 0.0
        self._last_s = 0.0

    def tokens(self, cancelled: Callable[[], bool]) -> Iterator[TokensEmitted]:
        """Emit each token as it is chosen, and at the end what was held back."""
        reply = self._reply
        for choice in decode(self._loaded.decoder, reply.sampler, reply.prompt.ids, cancelled):
            self._last_s = self._clock()
            self._first_s = self._first_s or self._last_s
            text = reply.take(choice)
            if text is not None:
                yield self._emitted(text, choice)
            if reply.over:
                break
        if rest := reply.rest():
            yield TokensEmitted(id=self._command.id, text=rest, ids=())

    def finished(self, started_s: float) -> GenerationFinished:
        """Sum the reply up."""
        reply = self._reply
        last_s = self._last_s or self._clock()
        after_first_s = last_s - self._first_s
        steps = reply.tokens if reply.ended_by_token else reply.tokens - 1
        return GenerationFinished(
            id=self._command.id,
            reason=reply.reason,
            tokens=reply.tokens,
            prompt_tokens=len(reply.prompt.ids),
            seconds=last_s - started_s,
            first_token_s=(self._first_s or last_s) - started_s,
            tokens_per_s=steps / after_first_s if steps > 0 and after_first_s > 0 else 0.0,
            stop_text=reply.stop_text,
        )

    def _emitted(self, text: str, choice: Choice) -> TokensEmitted:
        if not self._command.top_logprobs:
            return TokensEmitted(id=self._command.id, text=text, ids=(choice.id,))
        alternatives = tuple(
            Alternative(text=self._loaded.tokenizer.decode([token]), id=token, logprob=logprob)
            for token, logprob in choice.alternatives
        )
        return TokensEmitted(
            id=self._command.id, text=text, ids=(choice.id,), logprobs=(choice.logprob,), alternatives=(alternatives,)
        )
