"""Making a long conversation fit into the model's window."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from engine.errors import ContextOverflow
from engine.protocol import ModelInfo, Prompt, Turn
from engine.templates.rendering import render

_LIKELY_CHARACTERS_PER_TOKEN = 8
"""Text has about four; up to here it is worth trying to keep everything before searching from the end."""


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt that fits, rendered."""

    text: str
    tokens: int
    dropped_turns: int
    """How many of the oldest turns were left out."""
    prompt: Prompt
    """With the turns that are left."""


def fit(
    prompt: Prompt,
    *,
    count: Callable[[str], int],
    limit_tokens: int,
    most_tokens: int | None = None,
    model: ModelInfo | None = None,
) -> Fitted:
    """Render a prompt, leaving out as few of the oldest turns as need be.

    What is left begins with a user's turn, so that questions and answers fall out together. System turns and the
    last turn stay. Few renderings are made, and the longest is about twice what fits: a conversation of ten thousand
    turns costs no more than one that fills the window.

    Args:
        prompt: What to render.
        count: The number of tokens of a text.
        limit_tokens: The window, less the room for the reply.
        most_tokens: What the last turn alone may take where that is more: rather a short reply than none.
        model: As for `render`.

    Raises:
        ContextOverflow: Even the last turn alone is too long.
        TemplateFault: As from `render`.
    """
    search = _Search(prompt, count, model)
    starts = search.starts
    characters = sum(len(turn.text) for turn in prompt.turns)
    if characters <= limit_tokens * _LIKELY_CHARACTERS_PER_TOKEN or len(starts) == 1:
        everything = search.render_from(0)
        if everything.tokens <= limit_tokens:
            return everything
    last = len(starts) - 1
    best = search.render_from(last)
    most_tokens = max(limit_tokens, most_tokens or 0)
    if best.tokens > most_tokens:
        raise ContextOverflow(needed_tokens=best.tokens, limit_tokens=most_tokens)
    if best.tokens > limit_tokens:
        return best
    # `fits` is known to fit; gallop back from the end until something does not, then halve the gap.
    fits, too_long, step = last, -1, 1
    while fits - too_long > 1:
        place = max(fits - step, 0) if too_long < 0 else (fits + too_long) // 2
        candidate = search.render_from(place)
        if candidate.tokens <= limit_tokens:
            fits, best, step = place, candidate, step * 2
        else:
            too_long = place
    return best


class _Search:
    """The places at which a conversation can be cut, and what each would give."""

    def __init__(self, prompt: Prompt, count: Callable[[str], int], model: ModelInfo | None) -> None:
        self._prompt = prompt
        self._count = count
        self._model = model
        turns = prompt.turns
        talk = [place for place, turn in enumerate(turns) if turn.role != "system"]
        cuts = {place for place in talk[1:] if turns[place].role == "user" or place == talk[-1]}
        self.starts = [0, *sorted(cuts)]

    def render_from(self, index: int) -> Fitted:
        """Keep what begins at one of the starts."""
        start = self.starts[index]
        kept: tuple[Turn, ...] = tuple(
            turn for place, turn in enumerate(self._prompt.turns) if place >= start or turn.role == "system"
        )
        prompt = msgspec.structs.replace(self._prompt, turns=kept)
        text = render(prompt, self._model)
        dropped = len(self._prompt.turns) - len(kept)
        return Fitted(text=text, tokens=self._count(text), dropped_turns=dropped, prompt=prompt)
