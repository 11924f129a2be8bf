"""The chat on the tour: everything works as ever, in a home that is gone afterwards, and a strip says what is next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from textual.app import ComposeResult

from engine.display import visible_line
from engine.errors import TunesmithError
from engine.models.reference import STARTER
from engine.tour import TEMPLATE_ID
from tui import commands
from tui.screens.chat import ChatScreen
from tui.screens.tour.ending import Next, TourEnding
from tui.state.chat import words_of
from tui.state.run_words import explanation, log_words
from tui.state.tour import Tour
from tui.tour_desk import RUN_NAME, TourDesk
from tui.widgets.composer import Composer
from tui.widgets.tour_guide import TourGuide
from tui.widgets.welcome import Welcome

RESULT = f"run:{RUN_NAME}"
ASK_DOCTOR = "`tunesmith doctor --full` says what is wrong on this machine."


class TourEnd(msgspec.Struct, frozen=True):
    """How somebody left the tour."""

    kept: str = ""
    """The run that was kept; empty where none was."""
    next: Next = "leave"


class TourScreen(ChatScreen):
    """Three steps: meet the starter, teach it, ask again."""

    BINDINGS = [*commands.bindings("tour")]

    def __init__(self, desk: TourDesk, left: Callable[[TourEnd], None]) -> None:
        """Make the screen; nothing is started before it has been painted once.

        Args:
            desk: The tour's own home. It is closed with the screen.
            left: Called when the tour is left by a key; not where the program ends.
        """
        super().__init__(desk.services, model=STARTER, template=TEMPLATE_ID)
        self.start_trainer = desk.start_trainer
        self.tour = Tour()
        self._desk = desk
        self._left = left
        self._kept = ""

    def compose_guide(self) -> ComposeResult:
        """The strip."""
        yield TourGuide()

    def on_mount(self) -> None:
        """Begin."""
        self.query_one(Welcome).offers_tour = False
        self.query_one(TourGuide).draw(self.tour, None)

    async def closed(self) -> None:
        """Take the home away: nothing stands in it any more."""
        await asyncio.to_thread(self._desk.close)

    def _show(self, tour: Tour) -> None:
        self.tour = tour
        if self in self.app.screen_stack:
            self.query_one(TourGuide).draw(tour, self.run_view)

    # What is next

    def nothing_to_send(self) -> None:
        """Enter on an empty line does what is next."""
        self.action_tour_next()

    def action_tour_next(self) -> None:
        """Do what is next."""
        if self.session is None or (self.session.state.busy and self.tour.stage in ("meet", "again")):
            return
        match self.tour.stage:
            case "meet":
                self._show(self.tour.at("meeting"))
                self._ask()
            case "teach":
                self._show(self.tour.at("teaching"))
                self.run_worker(self._teach(), group="lesson")
            case "again":
                self.session.model.load(RESULT)
                self._show(self.tour.at("comparing"))
            case "end":
                self._show_ending()
            case _:
                pass  # one has to wait

    def action_tour_skip(self) -> None:
        """Go on without it."""
        if self.tour.stage == "teaching":
            self.ask_run("stop")
            return
        if self.tour.question and self.session is not None:
            self.session.replies.stop()
        self._show(self.tour.skipped())
        if self.tour.stage == "end":
            self._show_ending()

    def action_stop(self) -> None:
        """Stop the reply, else leave editing; else leave the tour."""
        session = self.session
        if session is None or not (session.state.busy or session.state.editing is not None):
            self.action_tour_leave()
            return
        if self.tour.question:
            self._show(self.tour.stuck())
        super().action_stop()

    def action_tour_leave(self) -> None:
        """Go back to where one was."""
        self._leave("leave")

    def action_tour(self) -> None:
        """One is on it."""
        self.notice("This is the tour. Esc leaves it.")

    def _leave(self, what: Next) -> None:
        self.dismiss()
        self._left(TourEnd(self._kept, what))

    # Asking

    def _ask(self) -> None:
        session = self.session
        if session is None or not self.tour.question:
            return
        if session.state.template.id != TEMPLATE_ID:
            session.prompting.choose_template(TEMPLATE_ID)
        self.send_message(self.tour.question)

    def model_loaded(self, ref: str) -> None:
        """What came out of the lesson is there: ask it."""
        super().model_loaded(ref)
        if self.tour.stage == "comparing" and ref == RESULT:
            self.call_next(self._ask)

    def state_changed(self) -> None:
        """Draw, and see whether a model could not be loaded that the tour waits for."""
        super().state_changed()
        if self.session is None or not self.tour.question or self.session.state.busy:
            return
        model = self.session.state.model
        if model.phase != "loading" and model.failure is not None:
            self._show(self.tour.stuck(f"{words_of(model.failure)} {ASK_DOCTOR}"))

    def _after_reply(self) -> None:
        super()._after_reply()
        session = self.session
        if session is None or not self.tour.question:
            return
        turns, fault = session.state.turns, session.state.fault
        if fault is not None or len(turns) < 2 or turns[-2].text != self.tour.question:
            self._show(self.tour.stuck(f"{words_of(fault)} {ASK_DOCTOR}" if fault is not None else ""))
            return
        self._show(self.tour.answered(turns[-1].text.strip()))
        self._ask()
        if self.tour.stage == "end":
            self._show_ending()

    # Teaching

    async def _teach(self) -> None:
        fault = ""
        try:
            await asyncio.to_thread(self._desk.begin_lesson)
        except TunesmithError as error:
            fault = f"{visible_line(str(error)).rstrip('.')}. {ASK_DOCTOR}"
        if self not in self.app.screen_stack:
            return  # it was left meanwhile
        if fault:
            self._show(self.tour.stuck(fault))
        else:
            self.open_run(RUN_NAME)

    def draw_run(self) -> None:
        """Show the run wherever it is shown, and how it goes in the strip."""
        super().draw_run()
        view = self.run_view
        if self.tour.stage != "teaching" or view is None or view.name != RUN_NAME:
            return
        if view.state.state in ("finished", "stopped"):
            self._show(self.tour.learned())
        elif view.state.state in ("failed", "died") and not view.locked:
            why = [explanation(view), *log_words(view.state.log_lines, 1)]
            self._show(self.tour.stuck(f"The lesson did not come to its end. {' '.join(why)} {ASK_DOCTOR}"))
        else:
            self._show(self.tour)

    # The end

    def _show_ending(self) -> None:
        keep = self._begin_to_keep if self.tour.taught else None
        self.app.push_screen(TourEnding(self.tour.before, self.tour.after, keep=keep, kept=self._kept), self._ended)

    def _begin_to_keep(self) -> None:
        self.run_worker(self._keep(), group="keep", exclusive=True)

    async def _keep(self) -> None:
        fault = ""
        try:
            self._kept = await asyncio.to_thread(self._desk.keep)
        except TunesmithError as error:
            fault = visible_line(str(error))
        if isinstance(self.app.screen, TourEnding):
            self.app.screen.show_kept(self._kept, fault)

    def _ended(self, what: Next | None) -> None:
        if what is not None:
            self._leave(what)
        else:
            self.query_one(Composer).focus()
