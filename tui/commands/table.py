"""All actions, in the order in which the help shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tui.commands.action import Action
from tui.commands.chat import CHAT
from tui.commands.conversations import CONVERSATIONS
from tui.commands.lab import LAB
from tui.commands.prompt import PROMPT
from tui.commands.run import RUN
from tui.commands.screen import SCREEN
from tui.commands.studio import STUDIO
from tui.commands.tour import TOUR
from tui.commands.training import TRAINING
from tui.commands.transcript import TRANSCRIPT

ACTIONS: tuple[Action, ...] = (
    *CHAT,
    *TRANSCRIPT,
    *PROMPT,
    *CONVERSATIONS,
    *TRAINING,
    *RUN,
    *LAB,
    *STUDIO,
    *TOUR,
    *SCREEN,
)

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}
BY_SLASH: Mapping[str, Action] = {action.slash: action for action in ACTIONS if action.slash}


def groups(actions: Iterable[Action] = ACTIONS, first: str = "") -> dict[str, list[Action]]:
    """The actions by group, in the table's order.

    Args:
        actions: The table, or a part of it.
        first: The scope of which the groups go first: that of the screen that one looks at.
    """
    grouped: dict[str, list[Action]] = {}
    for action in sorted(actions, key=lambda action: action.scope != first):
        grouped.setdefault(action.group, []).append(action)
    return grouped
