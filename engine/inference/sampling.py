"""Choosing the next token.

Logits have the shape `(V,)`, V being the size of the model's head, which may be larger than the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import torch

from engine.errors import Failed
from engine.protocol import Sampling

NO_ALTERNATIVES = 0
GREEDY_BELOW = 1e-6
"""Temperatures under which only the likeliest token has a chance; float32 has no numbers to divide by far below."""
_FIRST_LOOK = 1024
"""How many candidates top-p looks at before it sorts the whole vocabulary: nearly always enough."""


class Choice(msgspec.Struct, frozen=True):
    """A chosen token."""

    id: int
    logprob: float = 0.0
    """Under the model's own distribution, before penalty, temperature and filters; 0 unless asked for."""
    alternatives: tuple[tuple[int, float], ...] = ()
    """The likeliest ids and their log probabilities, best first; the chosen one may be among them."""


class Sampler:
    """One reply's choices. The same sampling, seed and logits give the same tokens, whatever the device."""

    def __init__(self, sampling: Sampling, seed: int, seen: Iterable[int] = (), *, alternatives: int = 0) -> None:
        """Start a reply.

        Args:
            sampling: How to choose.
            seed: Of the random numbers; not used at temperature 0.
            seen: The prompt's ids, to which the repetition penalty applies too.
            alternatives: How many likely tokens to report beside each choice; 0 leaves log probabilities out.
        """
        self._sampling = sampling
        self._generator = torch.Generator("cpu").manual_seed(seed)
        self._penalised = sampling.repetition_penalty != 1.0
        self._seen = set(seen) if self._penalised else set()
        self._seen_ids = torch.tensor(sorted(self._seen), dtype=torch.long)
        self._alternatives = alternatives

    def choose(self, logits: torch.Tensor) -> Choice:
        """Choose a token, and remember it for the penalty.

        Raises:
            Failed: The logits are not numbers.
        """
        raw = logits.float().cpu()
        _check(
            raw,
            "The model's output is not a number: its weights are damaged, or its numbers overflow",
            "Load it with dtype float32; if that does not help, get the model again",
        )
        scores = raw
        if self._penalised:
            scores = self._penalise(raw)
            _check(scores, "The numbers overflow under the repetition penalty", "Set it nearer to 1")
        if self._sampling.temperature < GREEDY_BELOW:
            token = int(scores.argmax())
        else:
            ids, probabilities = filtered(scores, self._sampling)
            token = self._draw(ids, probabilities)
        if self._penalised and token not in self._seen:
            self._seen.add(token)
            self._seen_ids = torch.cat((self._seen_ids, torch.tensor([token])))
        return self._with_alternatives(raw, token)

    def _penalise(self, logits: torch.Tensor) -> torch.Tensor:
        seen = self._seen_ids[self._seen_ids < logits.shape[0]]
        values = logits[seen]
        penalty = self._sampling.repetition_penalty
        return logits.index_put((seen,), torch.where(values < 0, values * penalty, values / penalty))

    def _draw(self, ids: torch.Tensor | None, probabilities: torch.Tensor) -> int:
        """Invert the cumulative distribution at one random number, so that each token costs one draw."""
        cumulative = probabilities.double().cumsum(0)
        point = torch.rand((), generator=self._generator, dtype=torch.float64) * cumulative[-1]
        place = min(int(torch.searchsorted(cumulative, point, right=True)), len(cumulative) - 1)
        return int(ids[place]) if ids is not None else place

    def _with_alternatives(self, raw: torch.Tensor, token: int) -> Choice:
        if self._alternatives == NO_ALTERNATIVES:
            return Choice(token)
        logprobs = torch.log_softmax(raw, 0).clamp(min=torch.finfo(raw.dtype).min)
        values, ids = logprobs.topk(min(self._alternatives, len(logprobs)))
        pairs = zip(ids.tolist(), values.tolist(), strict=True)
        return Choice(token, float(logprobs[token]), tuple(pairs))


def filtered(scores: torch.Tensor, sampling: Sampling) -> tuple[torch.Tensor | None, torch.Tensor]:
    """Apply temperature, top-k, top-p and min-p, in this order, as transformers does.

    Args:
        scores: The logits after the penalty, `(V,)`.
        sampling: Its temperature is not below `GREEDY_BELOW`.

    Returns:
        The ids `(K,)`, None where all of the vocabulary is meant, and their probabilities `(K,)`, of which those that
        were filtered out are 0. They need not add up to 1.
    """
    # Dividing by a very small temperature would overflow; the best token's score stays 0 this way.
    scores = (scores - scores.max()) / sampling.temperature
    size = scores.shape[0]
    ids: torch.Tensor | None = None
    total = torch.logsumexp(scores, 0)
    if 0 < sampling.top_k < size:
        scores, ids = scores.topk(sampling.top_k)
        total = torch.logsumexp(scores, 0)
    elif sampling.top_p < 1:
        first, first_ids = scores.topk(min(_FIRST_LOOK, size))
        enough = float((first - total).exp().sum()) >= sampling.top_p
        scores, ids = (first, first_ids) if enough else scores.sort(descending=True)
    probabilities = (scores - total).exp()
    keep = torch.ones_like(probabilities, dtype=torch.bool)
    if sampling.top_p < 1:
        # A token stays if those before it do not yet reach top-p; the first always does.
        keep &= probabilities.cumsum(0) - probabilities < sampling.top_p
    if sampling.min_p > 0:
        keep &= probabilities >= sampling.min_p * probabilities.max()
    return ids, probabilities * keep


def _check(logits: torch.Tensor, title: str, hint: str) -> None:
    if not torch.isfinite(logits.max()):
        raise Failed(title, hint)
