"""Which keys ask for which action, the user's own considered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
    faults = [f"[keys] {name}: there is no such action" for name in overrides if name not in BY_ID]
    for name in good:
        faults += [f"[keys] {name}: {key} is the key of {other} too" for key, other in _shared(name, good)]
    return good, tuple(faults)


def _shared(name: str, overrides: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The keys that other actions have too, each with the other; of two that the user set, it is told of the first."""
    for other in ACTIONS:
        told = other.id in overrides and other.id <= name
        if not told and other.id != name and _meet(BY_ID[name].scope, other.scope):
            both = _keys_in_use(name, overrides) & _keys_in_use(other.id, overrides)
            yield from ((key, other.id) for key in sorted(both))


def _keys_in_use(name: str, overrides: Mapping[str, str]) -> set[str]:
    """The keys of an action, the user's own [keys] considered."""
    return {key.strip() for key in overrides.get(name, BY_ID[name].keys).split(",") if key.strip()}


def _meet(scope: Scope, other: Scope) -> bool:
    """Whether two scopes hear keys at the same time."""
    chat = {"chat", "composer", "transcript", "conversations"}
    return scope == other or "app" in {scope, other} or ("chat" in {scope, other} and {scope, other} <= chat)


def keys_of(scope: Scope, overrides: Mapping[str, str]) -> dict[str, str]:
    """Which action each key of a scope means, the user's own [keys] considered."""
    return {key: action.id for action in ACTIONS if action.scope == scope for key in _keys_in_use(action.id, overrides)}
