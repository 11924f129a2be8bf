"""Something that a person can ask the program to do, as a row of the table."""

from __future__ import annotations

from typing import Literal

import msgspec

Scope = Literal["app", "chat", "composer", "transcript", "conversations", "run", "lab", "studio", "tour"]
"""Where an action's keys work: everywhere, or only while that part has the focus."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person can ask the program to do."""

    id: str
    """Names the method `action_<id>` and the entry in config.toml's [keys]."""
    title: str
    """For the palette and the help screen."""
    help: str
    """One sentence for who does not know it yet."""
    keys: str = ""
    """Comma-separated; empty: only by palette, slash command or mouse."""
    scope: Scope = "chat"
    group: str = "Chat"
    slash: str = ""
    """The word after the slash in the composer; empty where there is none."""
    argument: str = ""
    """What may follow the slash command, as shown in help; empty where nothing may."""
    footer: str = ""
    """The short label in the footer; empty keeps the action out of it."""
