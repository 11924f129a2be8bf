"""Text on its way into the database: what can be stored, and how a message becomes a title."""

from __future__ import annotations

import re

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_TITLE_CHARACTERS = 60


def storable(text: str) -> str:
    """Replace lone surrogates, which UTF-8 and so the database can't hold; all other text is kept as it is."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def tidy_title(text: str) -> str:
    """Put a title on one line."""
    return " ".join(text.split())


def title_from(message: str) -> str:
    """Make a title of a message: the beginning of its first line, cut between words with … at the end."""
    line = next((line for line in message.splitlines() if line.strip()), "")
    # A pasted page without a line break need not be split into all its words.
    title = tidy_title(line.lstrip()[: 4 * _TITLE_CHARACTERS])
    if len(title) <= _TITLE_CHARACTERS:
        return title
    cut = title[:_TITLE_CHARACTERS]
    word_end = cut.rfind(" ")
    return (cut[:word_end] if word_end > _TITLE_CHARACTERS // 2 else cut[:-1]) + "…"
