"""The tour: a first minute with the starter."""

from __future__ import annotations

from tui.commands.action import Action

TOUR: tuple[Action, ...] = (
    Action(
        id="tour",
        title="Take the tour",
        help="Meet the starter, teach it something and hear the difference, in about a minute; nothing of it stays.",
        group="The tour",
        slash="tour",
    ),
    Action(
        id="tour_next",
        title="Next step of the tour",
        help="Do what the tour says is next; Enter on an empty line does the same.",
        keys="alt+n",
        scope="tour",
        group="The tour",
    ),
    Action(
        id="tour_skip",
        title="Skip a step of the tour",
        help="Go on without the step that the tour is at; a lesson that is under way ends early.",
        keys="alt+s",
        scope="tour",
        group="The tour",
    ),
    Action(
        id="tour_leave",
        title="Leave the tour",
        help="Go back to where you were; nothing of the tour stays, except what you chose to keep. Esc does the same.",
        keys="alt+q",
        scope="tour",
        group="The tour",
    ),
)
