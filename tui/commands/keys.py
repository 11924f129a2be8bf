"""Which keys ask for which action, the user's own considered."""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import Binding

from tui.commands.action import Scope
from tui.commands.table import ACTIONS, BY_ID

_LAST = frozenset({"stop", "studio_close"})
"""Escape means something in most fields, and this only where it does not."""


def bindings(scope: Scope) -> list[Binding]:
    """The bindings of one scope, in the table's order. Those of the app win over the focused widget's own."""
    return [
        Binding(
            action.keys,
            action.id,
            action.footer or action.title,
            show=bool(action.footer),
            priority=scope in {"app", "chat", "studio", "tour"} and action.id not in _LAST,
            id=action.id,
            tooltip=action.help,
        )
        for action in ACTIONS
        if action.scope == scope and action.keys
    ]


def keymap(overrides: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Check the user's [keys].

    Returns:
        What can be given to `App.set_keymap`, and one sentence for each entry that can't be used.
    """
    good = {name: keys for name, keys in overrides.items() if name in BY_ID}
    faults = tuple(f"[keys] {name}: there is no such action" for name in overrides if name not in BY_ID)
    return good, faults


def keys_of(scope: Scope, overrides: Mapping[str, str]) -> dict[str, str]:
    """Which action each key of a scope means, the user's own [keys] considered."""
    return {
        key.strip(): action.id
        for action in ACTIONS
        if action.scope == scope
        for key in overrides.get(action.id, action.keys).split(",")
        if key.strip()
    }
