"""The seam between a model and a reply: an iterator of tokens, given a decoder and a sampler.

`Decoder` is all that the rest knows of a model's arithmetic, so that a faster one can take the place of
`TransformersDecoder`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import torch

from engine.inference.lookup import Lookup
from engine.inference.prefix_cache import PrefixCache
from engine.inference.sampling import Choice, Sampler

PREFILL_TOKENS = 128
"""A prompt is taken in by so many tokens, and a cancel waits for one such piece at most."""

Cancelled = Callable[[], bool]


class Foresight(Protocol):
    """Takes in tokens of which it is not certain yet that they stay."""

    def room(self) -> int:
        """How many tokens there is room for."""

    def try_out(self, tokens: Sequence[int]) -> torch.Tensor:
        """Take in tokens, to the last digits as one by one; returns the logits after each, `(T, V)`."""

    def take_back(self, count: int) -> None:
        """Unsee the last so many of them."""


class Decoder(Protocol):
    """Computes logits, and keeps the keys and values of what it has seen between replies."""

    def reusable(self, ids: Sequence[int]) -> int:
        """How many tokens of a prompt are computed already."""

    def prefill(self, ids: Sequence[int], cancelled: Cancelled) -> torch.Tensor | None:
        """Take in a prompt of at least one token.

        Returns:
            The logits after its last token, `(V,)`; None where it was cancelled on the way.
        """

    def step(self, token: int) -> torch.Tensor:
        """Take in one more token; returns the logits after it, `(V,)`."""

    def foresight(self) -> Foresight | None:
        """What takes in several tokens at once; None where that would not be exact."""

    def forget(self) -> None:
        """Give the memory of keys and values back."""


def decode(decoder: Decoder, sampler: Sampler, ids: Sequence[int], cancelled: Cancelled) -> Iterator[Choice]:
    """Choose token after token, without end: the caller decides when it is enough.

    Args:
        decoder: Of the model.
        sampler: Of this reply.
        ids: The prompt.
        cancelled: Asked before each piece of work; true ends the iterator.
    """
    logits = decoder.prefill(ids, cancelled)
    if logits is None or cancelled():
        return
    foresight = decoder.foresight()
    lookup = Lookup(ids) if foresight is not None else None
    choices = [sampler.choose(logits)]
    while True:
        for choice in choices:
            yield choice
            if cancelled():
                return
        guess: Sequence[int] = ()
        if foresight is not None and lookup is not None:
            lookup.extend(choice.id for choice in choices)
            guess = lookup.guess(foresight.room() - 1)
            if guess:
                choices = _checked(foresight, sampler, choices[-1].id, guess)
                lookup.judge(guess, len(choices) - 1)
        if not guess:
            logits = decoder.step(choices[-1].id)
            if cancelled():
                return
            choices = [sampler.choose(logits)]


def _checked(foresight: Foresight, sampler: Sampler, token: int, guess: Sequence[int]) -> list[Choice]:
    """Take in a token and what is guessed to follow it; returns the choices that would have been made one by one.

    The last is the first that was guessed wrong, or the one behind a guess that held; it is not taken in.
    """
    rows = foresight.try_out((token, *guess))
    choices = [sampler.choose(rows[0])]
    for place, guessed in enumerate(guess, 1):
        if choices[-1].id != guessed:
            break
        choices.append(sampler.choose(rows[place]))
    foresight.take_back(len(guess) - (len(choices) - 1))
    return choices


class TransformersDecoder:
    """Any causal language model of transformers, as it is."""

    def __init__(self, model: Any) -> None:
        """Take a model that is in its place and in evaluation mode."""
        from transformers import DynamicCache

        self._model = model
        self._prefix = PrefixCache(lambda: DynamicCache(config=model.config))
        parameters = inspect.signature(model.forward).parameters
        self._keeps_cache = "past_key_values" in parameters
        self._options = {"logits_to_keep": 1} if "logits_to_keep" in parameters else {}
        self._ids: list[int] = []
        self._prompt: tuple[int, ...] = ()
        self._prompt_logits: torch.Tensor | None = None
        """Of the last prompt: the same one again costs nothing, and gives the same numbers to the last bit."""

    def reusable(self, ids: Sequence[int]) -> int:
        """How many tokens of a prompt are computed already."""
        return self._prefix.common_prefix(ids, whole=self._knows(ids))

    def prefill(self, ids: Sequence[int], cancelled: Cancelled) -> torch.Tensor | None:
        """Take in what is new in a prompt, piece by piece."""
        if not self._keeps_cache:
            self._ids = list(ids)
            return self._all_again()
        done = self._prefix.rewind(ids, whole=self._knows(ids))
        logits = self._prompt_logits if done == len(ids) else None
        while done < len(ids):
            if cancelled():
                return None
            piece = ids[done : done + PREFILL_TOKENS]
            logits = self._forward(piece)
            done += len(piece)
        self._prompt, self._prompt_logits = tuple(ids), logits
        return logits

    def step(self, token: int) -> torch.Tensor:
        """Take in one more token."""
        if not self._keeps_cache:
            self._ids.append(token)
            return self._all_again()
        return self._forward((token,))

    def foresight(self) -> None:
        """None: not every cache can be shortened, and in half precision several rows are rounded otherwise than one."""

    def forget(self) -> None:
        """Give the memory of keys and values back."""
        self._prefix.clear()
        self._prompt, self._prompt_logits = (), None

    def _knows(self, ids: Sequence[int]) -> bool:
        return self._prompt_logits is not None and self._prompt == tuple(ids)

    def _forward(self, ids: Sequence[int]) -> torch.Tensor:
        try:
            with torch.inference_mode():
                output = self._model(
                    input_ids=self._tensor(ids), past_key_values=self._prefix.cache, use_cache=True, **self._options
                )
        except BaseException:
            # Some layers may have grown and others not.
            self._prefix.clear()
            raise
        self._prefix.grew(ids)
        logits: torch.Tensor = output.logits[0, -1]
        return logits

    def _all_again(self) -> torch.Tensor:
        """For the few old architectures that keep no keys and values."""
        with torch.inference_mode():
            output = self._model(input_ids=self._tensor(self._ids), **self._options)
        logits: torch.Tensor = output.logits[0, -1]
        return logits

    def _tensor(self, ids: Sequence[int]) -> torch.Tensor:
        return torch.tensor([ids], dtype=torch.long, device=self._model.device)  # (B=1, T)
