"""Making the likelihoods of texts comparable: a long label must not lose for its length alone.

    choice      how probably a decoder that may say nothing but one of the texts would say this one
    token       by the mean log-probability of a token
    character   by the log-probability of a character
    none        by the sum alone, which favours short texts

"choice" follows the tree of the texts' tokens and renormalises at each branching among the tokens that lead on, so
that neither the length nor the number of tokens counts, nor how many texts begin alike. Where one text ends and
another goes on, ending has the probability of everything but the tokens that go on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from engine.protocol import Normalisation

_LEAST = 1e-300


class TokenScores(msgspec.Struct, frozen=True):
    """A text behind a prompt, token by token."""

    ids: tuple[int, ...]
    """At least one."""
    logprobs: tuple[float, ...]
    """Of each token behind those before it, nats."""
    characters: int

    @property
    def logprob(self) -> float:
        """The sum."""
        return sum(self.logprobs)


def shares(texts: Sequence[TokenScores], normalisation: Normalisation = "choice") -> list[float]:
    """The share of each of some texts; they add up to 1.

    Texts with the same tokens share alike.
    """
    if not texts:
        return []
    if normalisation == "choice":
        logs = [0.0] * len(texts)
        _branch(texts, range(len(texts)), 0, logs)
    else:
        logs = [_mean(text, normalisation) for text in texts]
    return _normalised(logs)


def _branch(texts: Sequence[TokenScores], places: Iterable[int], depth: int, logs: list[float]) -> None:
    """Add to each text's logarithm what the branchings from this depth on give it."""
    waiting = [(list(places), depth)]
    while waiting:
        group, depth = waiting.pop()
        ended = [place for place in group if len(texts[place].ids) == depth]
        onward: dict[int, list[int]] = {}
        for place in group:
            if len(texts[place].ids) > depth:
                onward.setdefault(texts[place].ids[depth], []).append(place)
        options = [texts[members[0]].logprobs[depth] for members in onward.values()]
        if ended:
            options.append(math.log(max(_LEAST, 1 - sum(map(math.exp, options)))))
        total = _logsumexp(options)
        for option, members in zip(options, (*onward.values(), ended), strict=False):
            for place in members:
                logs[place] += option - total
        for place in ended:
            logs[place] -= math.log(len(ended))
        waiting.extend((members, depth + 1) for members in onward.values())


def _mean(text: TokenScores, normalisation: Normalisation) -> float:
    if normalisation == "token":
        return text.logprob / max(1, len(text.ids))
    if normalisation == "character":
        return text.logprob / max(1, text.characters)
    return text.logprob


def _normalised(logs: Sequence[float]) -> list[float]:
    total = _logsumexp(logs)
    return [math.exp(value - total) for value in logs]


def _logsumexp(values: Sequence[float]) -> float:
    highest = max(values)
    return highest + math.log(sum(math.exp(value - highest) for value in values))
