"""Slash commands, as they are typed in the composer."""

from __future__ import annotations

import re

import msgspec

from tui.commands.action import Action
from tui.commands.table import BY_SLASH


class SlashCommand(msgspec.Struct, frozen=True):
    """A slash command that was typed."""

    action: Action
    argument: str


def parse_slash(text: str) -> SlashCommand | None:
    """Read a line such as `/template story`; None where it is an ordinary message.

    Only one line counts, and only a known word; an argument counts only where the action takes one, so that a
    message that happens to begin with a slash is sent as it is.
    """
    if not text.startswith("/") or "\n" in text.strip():
        return None
    word, _, rest = text[1:].strip().partition(" ")
    action = BY_SLASH.get(word)
    if action is None or (rest and not action.argument):
        return None
    return SlashCommand(action, rest.strip())


def parse_lone_word(text: str) -> SlashCommand | str | None:
    """Read a slash and a word that is no command, such as `/temp`: hardly what anybody would say to a model.

    Returns:
        The only command that it could become, else a sentence about it; None where it is an ordinary message.
    """
    typed = text.strip()
    if re.fullmatch("/[a-z]*", typed) is None:
        return None
    found = complete_slash(typed)
    if len(found) == 1:
        return SlashCommand(found[0], "")
    if found:
        return f"{typed} could be {' or '.join(f'/{action.slash}' for action in found)}"
    return f"There is no command {typed}; F1 lists all"


def complete_slash(text: str) -> tuple[Action, ...]:
    """The actions that a half-typed slash command could become."""
    if not text.startswith("/") or " " in text or "\n" in text:
        return ()
    return tuple(action for word, action in BY_SLASH.items() if word.startswith(text[1:]))
