"""What the help screen says of each action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tui.commands import BY_ID, Action

_SCOPES = {"conversations": "in the list"}
"""Where a key works, for scopes that neither the group nor the sentence names."""
_NAMES = {
    "ctrl": "Ctrl",
    "alt": "Alt",
    "shift": "Shift",
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "question_mark": "?",
    "slash": "/",
    "full_stop": ".",
    "comma": ",",
}


class HelpLine(msgspec.Struct, frozen=True):
    """One action, in words."""

    keys: str
    title: str
    help: str
    slash: str


def key_words(keys: str) -> str:
    """Write bound keys as they are on the keyboard: `ctrl+j,alt+enter` becomes Ctrl+J, Alt+Enter."""
    return ", ".join(_one_key(key.strip()) for key in keys.split(",") if key.strip())


def _one_key(key: str) -> str:
    parts = key.split("+")
    has_modifier = len(parts) > 1
    return "+".join(_NAMES.get(part, _plain(part, has_modifier=has_modifier)) for part in parts)


def _plain(part: str, *, has_modifier: bool) -> str:
    if len(part) == 1:
        return part.upper() if has_modifier else part
    return part.capitalize()


def help_groups(
    groups: Mapping[str, Sequence[Action]], keys: Mapping[str, str], query: str = ""
) -> dict[str, tuple[HelpLine, ...]]:
    """Describe the actions by group.

    Args:
        groups: As from `tui.commands.groups`.
        keys: The person's own keys by action, in place of the table's.
        query: Words that all have to be in the line; empty keeps all. Groups of which nothing is left are left out.
    """
    words = query.casefold().split()
    described = {name: tuple(_line(action, keys) for action in actions) for name, actions in groups.items()}
    kept = {name: tuple(line for line in lines if _has(line, words)) for name, lines in described.items()}
    return {name: lines for name, lines in kept.items() if lines}


def _line(action: Action, keys: Mapping[str, str]) -> HelpLine:
    shown = key_words(keys.get(action.id, action.keys))
    slash = f"/{action.slash} {action.argument}".strip() if action.slash else ""
    where = _SCOPES.get(action.scope, "")
    return HelpLine(shown, action.title, f"{action.help[:-1]} ({where})." if where else action.help, slash)


def _has(line: HelpLine, words: Sequence[str]) -> bool:
    text = " ".join((line.keys, line.title, line.help, line.slash)).casefold()
    return all(word in text for word in words)


def first_key(action_id: str, keys: Mapping[str, str]) -> str:
    """The first key of an action as it is written on the keyboard, the user's own considered; empty without one."""
    first = keys.get(action_id, BY_ID[action_id].keys).split(",")[0]
    return key_words(first) if first else ""
