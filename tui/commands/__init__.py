"""The one table of actions: key bindings, the palette, the help screen and slash commands all come from it."""

from __future__ import annotations

from tui.commands.action import Action, Scope
from tui.commands.keys import bindings, keymap, keys_of
from tui.commands.slash import SlashCommand, complete_slash, parse_lone_word, parse_slash
from tui.commands.table import ACTIONS, BY_ID, BY_SLASH, groups

__all__ = [
    "ACTIONS",
    "BY_ID",
    "BY_SLASH",
    "Action",
    "Scope",
    "SlashCommand",
    "bindings",
    "complete_slash",
    "groups",
    "keymap",
    "keys_of",
    "parse_lone_word",
    "parse_slash",
]
