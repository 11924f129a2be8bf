"""A text that says the same most of the time."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Words(Static):
    """Words that are told again and again: the screen is laid out anew only where they are others."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Make it, without words."""
        super().__init__("", id=id, classes=classes, markup=False)
        self._said: Content | None = None

    def say(self, words: Content) -> None:
        """Show words, which have to be safe for a terminal."""
        if words != self._said:
            self._said = words
            self.update(words)
