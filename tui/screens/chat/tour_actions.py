"""The way to the tour and back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from engine.errors import TunesmithError
from engine.models.reference import STARTER
from tui.screens.chat.training_actions import TrainingActions
from tui.styles.themes import LIGHT

if TYPE_CHECKING:
    from tui.screens.tour.screen import TourEnd


class TourActions(TrainingActions):
    """A first minute in a home of its own; the chat stays as it is meanwhile."""

    def compose_guide(self) -> ComposeResult:
        """What stands above everything else; nothing here."""
        yield from ()

    async def closed(self) -> None:
        """Called once everything is closed that this screen has opened; does nothing here."""

    def action_tour(self) -> None:
        """Take the tour."""
        self.run_worker(self._take_tour(), group="tour", exclusive=True)

    async def _take_tour(self) -> None:
        from tui.screens.tour import TourScreen
        from tui.tour_desk import TourDesk

        theme = "light" if self.app.theme == LIGHT.name else "dark"
        try:
            desk = await asyncio.to_thread(TourDesk, self.services, theme=theme)
        except TunesmithError as error:
            self.notice(str(error), error=True)
            return
        self.app.push_screen(TourScreen(desk, self._tour_left))

    def nothing_to_send(self) -> None:
        """Enter on an empty line takes the tour where the first screen offers it."""
        session = self.session
        if session is not None and session.state.model.ref == STARTER and not session.state.turns:
            self.action_tour()

    def _tour_left(self, end: TourEnd) -> None:
        if end.kept:
            self.open_run(end.kept)
            self.notice(f"Kept as the run {end.kept}. /try talks to it.")
        if end.next == "models":
            self.call_after_refresh(self.action_pick_model)
        elif end.next == "tune":
            self.call_after_refresh(self.action_tune)
