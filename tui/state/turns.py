"""What the transcript shows of each turn."""

from __future__ import annotations

import msgspec

from engine.protocol import Role


class TurnLine(msgspec.Struct, frozen=True, kw_only=True):
    """One turn, ready to be drawn. Texts are raw: the widget makes them safe for the terminal."""

    id: int
    """The store's id; negative while the turn is not stored yet."""
    role: Role
    label: str
    """Who speaks: "You", or the model and the template."""
    text: str
    figures: str = ""
    """Tokens, speed, why it stopped; empty for a person's turn and while a reply streams."""
    note: str = ""
    """An error, or a word on what is going on; shown beneath the text."""
    version: int = 1
    versions: int = 1
    live: bool = False
    """The reply is still coming."""
