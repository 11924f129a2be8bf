"""Words that do something when they are clicked."""

from __future__ import annotations

from textual.content import Content
from textual.style import Style

META = "do"
"""Where the action is kept. Textual's own `@click` would paint the words in a colour of its own."""


def link(words: str | Content, action: str) -> Content:
    """Let words run an action on a click.

    Args:
        words: What is shown; from outside: made visible already.
        action: Such as `screen.open_checkpoint(120)`.
    """
    content = Content(words) if isinstance(words, str) else words
    return content.stylize(Style.from_meta({META: action}))
