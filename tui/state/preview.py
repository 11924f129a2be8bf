"""What the template picker shows of a prompt that was not sent, in which words. Pure."""

from __future__ import annotations

import msgspec

from engine.protocol import TokensCounted

PLACEHOLDER = "‹your message›"
"""Stands where the message will, while nothing is typed; the marks tell it from words that were."""
HEADING = "What the model sees"
_NO_MODEL = "no model yet, so not fitted to a window"


class Previewed(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt as it would be sent now."""

    text: str
    beginning: str = ""
    """The text of the token that is put in front; empty where none is."""
    remark: str = _NO_MODEL
    """What there is to know of it."""


def fitted(counted: TokensCounted) -> Previewed:
    """What the model's process says that the model would see."""
    remark = f"{counted.tokens:,} of {counted.context_tokens:,} tokens"
    if counted.dropped_turns:
        turns = "turn falls" if counted.dropped_turns == 1 else "turns fall"
        remark = f"{remark} · the oldest {counted.dropped_turns:,} {turns} out"
    return Previewed(text=counted.text, beginning=counted.beginning, remark=remark)
