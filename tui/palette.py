"""The command palette's entries, from the one table of actions."""

from __future__ import annotations

from collections.abc import Iterator

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.fuzzy import Matcher

from tui.commands import ACTIONS, Action
from tui.state.help import first_key


class ActionsProvider(Provider):
    """Every action of the program by name."""

    def _actions(self) -> Iterator[Action]:
        named = ("run", "lab", "studio")
        own = next((scope for scope in named if hasattr(self.screen, f"action_{scope}_close")), "chat")
        scopes = {"app", own, *(["tour"] if hasattr(self.screen, "action_tour_leave") else [])}
        return (action for action in ACTIONS if action.scope in scopes and action.id != "open_palette")

    def _callback(self, action: Action) -> object:
        namespace = "app" if action.scope == "app" else "screen"

        async def run() -> None:
            await self.screen.run_action(f"{namespace}.{action.id}")

        return run

    def _help(self, action: Action) -> str:
        services = getattr(self.app, "services", None)
        key = first_key(action.id, services.settings.keys if services is not None else {})
        return f"{action.help}  [{key}]" if key else action.help

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for action in self._actions():
            yield DiscoveryHit(action.title, self._callback(action), help=self._help(action))  # type: ignore[arg-type]

    async def search(self, query: str) -> Hits:
        """Those whose title or help matches."""
        matcher = self.matcher(query)
        for action in self._actions():
            score = _score(matcher, query, action)
            if score > 0:
                yield Hit(score, matcher.highlight(action.title), self._callback(action), help=self._help(action))  # type: ignore[arg-type]


def _score(matcher: Matcher, query: str, action: Action) -> float:
    """How well an action answers to a query; one that has its words as they are goes before all the others."""
    score = max(matcher.match(action.title), matcher.match(action.help) * 0.7)
    names = (action.title, action.slash, action.id.replace("_", " "), action.help)
    found = next((len(names) - place for place, name in enumerate(names) if query.casefold() in name.casefold()), 0)
    return score + found
