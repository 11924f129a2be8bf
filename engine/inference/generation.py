"""One reply: from a `Generate` to the events that answer it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator

import torch

from engine.errors import Failed
from engine.inference.decoding import decode
from engine.inference.detokenizer import Detokenizer
from engine.inference.loading import LoadedModel
from engine.inference.prompting import EncodedPrompt, encode_prompt
from engine.inference.runtime import give_memory_back, is_out_of_memory
from engine.inference.sampling import Choice, Sampler
from engine.inference.stopping import StopStrings
from engine.protocol import (
    Alternative,
    FinishReason,
    Generate,
    GenerationFinished,
    GenerationStarted,
    TokensEmitted,
)
from engine.sampling import check_sampling

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
    check_sampling(command.sampling)
    prompt = encode_prompt(loaded, command.prompt, command.sampling.max_new_tokens)
    reply = _Reply(loaded, command, prompt, draw_seed, clock)
    yield GenerationStarted(
        id=command.id,
        prompt_tokens=len(prompt.ids),
        cached_tokens=loaded.decoder.reusable(prompt.ids),
        context_tokens=loaded.info.context_tokens,
        dropped_turns=prompt.dropped_turns,
        seed=reply.seed,
    )
    try:
        yield from reply.tokens(cancelled)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        loaded.decoder.forget()
        give_memory_back()
        raise Failed(
            "Memory ran out during the reply", "Shorten the conversation, close other programs, or take a smaller model"
        ) from error
    yield reply.finished(started_s)


class _Reply:
    """The state of one reply."""

    def __init__(
        self,
        loaded: LoadedModel,
        command: Generate,
        prompt: EncodedPrompt,
        draw_seed: Callable[[], int],
        clock: Callable[[], float],
    ) -> None:
        sampling = command.sampling
        self.seed = sampling.seed if sampling.seed is not None else draw_seed()
        self._loaded = loaded
        self._command = command
        self._prompt = prompt
        self._clock = clock
        self._sampler = Sampler(sampling, self.seed, prompt.ids, alternatives=command.top_logprobs)
        self._detokenizer = Detokenizer(loaded.tokenizer, prompt.ids, kinds=loaded.kinds)
        stops = (*command.prompt.template.stop, *command.stop)
        self._stops = StopStrings(stops)
        # Their texts are no part of a reply, in which they would never be found.
        self._stop_ids = {token: text for text, token in _special_tokens(loaded).items() if text in stops}
        self._stop_text = ""
        room = loaded.info.context_tokens - len(prompt.ids)
        self._limit = min(sampling.max_new_tokens, room)
        self._reason_at_limit: FinishReason = "length" if sampling.max_new_tokens <= room else "context"
        self._reason: FinishReason = "cancelled"
        self._count = 0
        self._first_s = 0.0
        self._last_s = 0.0

    def tokens(self, cancelled: Callable[[], bool]) -> Iterator[TokensEmitted]:
        """Emit each token as it is chosen, and at the end what was held back."""
        for choice in decode(self._loaded.decoder, self._sampler, self._prompt.ids, cancelled):
            self._last_s = self._clock()
            self._first_s = self._first_s or self._last_s
            if choice.id in self._loaded.end_ids or choice.id in self._stop_ids:
                self._reason = "stop"
                self._stop_text = self._stop_ids.get(choice.id, "")
                break
            self._count += 1
            yield self._emitted(self._stops.push(self._detokenizer.push(choice.id)), choice)
            if self._stops.met:
                self._reason = "stop"
                return
            if self._count >= self._limit:
                self._reason = self._reason_at_limit
                break
        rest = self._stops.push(self._detokenizer.flush())
        if self._stops.met:
            self._reason = "stop"
        else:
            rest += self._stops.flush()
        if rest:
            yield TokensEmitted(id=self._command.id, text=rest, ids=())

    def finished(self, started_s: float) -> GenerationFinished:
        """Sum the reply up."""
        last_s = self._last_s or self._clock()
        after_first_s = last_s - self._first_s
        steps = self._count - 1 if self._reason != "stop" or self._stops.met else self._count
        return GenerationFinished(
            id=self._command.id,
            reason=self._reason,
            tokens=self._count,
            prompt_tokens=len(self._prompt.ids),
            seconds=last_s - started_s,
            first_token_s=(self._first_s or last_s) - started_s,
            tokens_per_s=steps / after_first_s if steps > 0 and after_first_s > 0 else 0.0,
            stop_text=self._stops.met or self._stop_text,
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


def _special_tokens(loaded: LoadedModel) -> dict[str, int]:
    ids = sorted(loaded.kinds.special)
    return dict(zip(loaded.tokenizer.convert_ids_to_tokens(ids), ids, strict=True))
