"""The chat: header, conversations, transcript, composer and dock; it draws the session's state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Static

from engine.errors import StoreFailed
from engine.memory import Memory
from engine.models.reference import STARTER
from tui import commands
from tui.bridge import Bridge, EventsArrived
from tui.ordered_keys import typist_of
from tui.remembering import Remembering
from tui.renderables.written_with import written_with
from tui.screens.breakpoints import take_size
from tui.screens.chat.actions import ChatActions
from tui.screens.chat.base import NARROW_COLUMNS
from tui.screens.chat.drafting import Drafting
from tui.services import Services
from tui.session import Listener, Session
from tui.start import open_store
from tui.state.chat import dropped_turns, shown_lines
from tui.widgets.composer import Composer
from tui.widgets.dock import Dock
from tui.widgets.footer import Footer
from tui.widgets.header import Header
from tui.widgets.painted import Painted
from tui.widgets.sidebar import Sidebar
from tui.widgets.transcript import Transcript
from tui.widgets.variables import VariablesForm
from tui.widgets.welcome import Welcome

LIST_LIMIT = 500
LIBRARY_INTERVAL_S = 1.0
KEEP_INTERVAL_S = 0.5


class ChatScreen(ChatActions, Drafting, Screen[None], Listener):
    """The screen that everything happens on."""

    BINDINGS = [*commands.bindings("chat")]
    AUTO_FOCUS = "Composer"

    DEFAULT_CSS = """
    ChatScreen {
        #middle { width: 1fr; }
        #chat { width: 1fr; height: 1fr; }
        #slash-hint { display: none; height: auto; max-height: 8; padding: 0 2; color: $text-muted; }
        #written-with { padding: 0 2; color: $text-muted; }
        Composer { margin: 0 1; }
        &.-narrow Sidebar { width: 26; }
        Footer { dock: bottom; }
        Transcript { padding: 1 0 0 1; }
    }
    """

    def __init__(
        self,
        services: Services,
        *,
        model: str,
        template: str,
        run: str = "",
        take_typed: Callable[[], str] = str,
    ) -> None:
        """Make the screen; nothing is opened before it has been painted once.

        Args:
            services: The engine's parts.
            model: The model to load at once; empty for the last good one.
            template: The template to begin with; empty for the last one.
            run: The training run to show; empty for the one that is alive, else the last one.
            take_typed: Hands over what was typed before this screen was there.
        """
        super().__init__()
        self._opening = asyncio.Lock()
        self.services = services
        self._remembering = Remembering(
            services.paths.memory_file, services.memory, lambda words: self.notice(words, error=True)
        )
        self.session: Session | None = None
        self._model = model
        self._template = template
        self._first_run = run
        self._take_over = take_typed
        self._deleted: list[int] = []

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        take_size(self)
        yield Header()
        yield from self.compose_guide()
        with Horizontal(id="middle"):
            yield Sidebar(id="sidebar", typed=self.type_on)
            with Vertical(id="chat"):
                yield Welcome(id="welcome")
                yield Transcript(id="transcript")
                yield Painted(id="written-with")
                yield VariablesForm(id="variables")
                yield Static("", id="slash-hint", markup=False)
                self._composer = Composer(id="composer", keys=self.services.settings.keys)
                yield self._composer
            yield Dock(id="dock")
        yield Footer()

    # Beginning and end

    def on_mount(self) -> None:
        """Fold what was folded, and open the rest once the first frame is on the screen."""
        wide = self.app.size.width >= NARROW_COLUMNS
        self.query_one(Sidebar).display = wide and not self.memory.sidebar_folded
        self.query_one(Dock).display = wide and self.memory.dock_shown
        self.query_one(VariablesForm).display = False
        transcript = self.query_one(Transcript)
        transcript.display = False
        transcript.markdown = self.services.settings.markdown if self.memory.markdown is None else self.memory.markdown
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        services = self.services
        store, warning = open_store(services)
        if warning:
            self.notice(warning, error=True)
        self.session = Session(
            store=store,
            bridge=Bridge(services.client, self.post_message, typist=typist_of(self.app)),
            library=services.library,
            settings=services.settings,
            listener=self,
            clock=services.clock,
            template=self._template,
            remembered_template=self.memory.template,
        )
        self.session.start_host()
        model = self._model or self.memory.model or services.settings.model or STARTER
        self.session.model.load(model, **self.memory.opened_as(model))
        for text in (self._take_over(), self.session.drafts.draft()):
            if text:
                self.give_back(text)
        self.conversations_changed()
        self.state_changed()
        self.set_interval(LIBRARY_INTERVAL_S, self._watch_library)
        self.set_interval(KEEP_INTERVAL_S, self.session.keep)
        self.find_first_run(self._first_run)

    def on_resize(self) -> None:
        """A terminal that became narrow keeps one panel beside the chat at the most."""
        if self.app.size.width < NARROW_COLUMNS and self.query_one(Sidebar).display:
            self.query_one(Dock).display = False

    @property
    def memory(self) -> Memory:
        """What is remembered between starts."""
        return self._remembering.memory

    async def on_unmount(self) -> None:
        """Keep the draft and what is remembered, end the host, close the store."""
        if self.session is not None:
            self.save_draft()
        self.close_run()
        await self.close_lab()
        await self._remembering.settle()
        if self.session is not None:
            await self.session.close()
        await self.closed()

    # What the session tells

    def state_changed(self) -> None:
        """Draw the session's state."""
        if self.session is None or not self.is_mounted:
            return
        state = self.session.state
        lines = shown_lines(state)
        self.query_one(Header).draw(state, self.session.prompting.sampling)
        transcript, welcome = self.query_one(Transcript), self.query_one(Welcome)
        transcript.display, welcome.display = bool(lines), not lines
        transcript.draw(lines, dropped=dropped_turns(state))
        if not lines:
            welcome.draw(state)
        self.show_composer_title()
        self.query_one("#written-with", Painted).show(written_with(state, self.services.settings.keys))
        self.call_next(self.query_one(VariablesForm).show, state.template.variables, state.variables)

    def give_back(self, text: str) -> None:
        """A message could not be sent: put it before what has been typed since."""
        composer = self.query_one(Composer)
        composer.put("\n".join(part for part in (text, composer.text) if part))

    def type_on(self, text: str) -> None:
        """What is typed outside of a field belongs into the composer."""
        composer = self.query_one(Composer)
        composer.focus()
        composer.insert(text)

    def conversations_changed(self) -> None:
        """List the conversations anew."""
        if self.session is None:
            return
        sidebar = self.query_one(Sidebar)
        try:
            found = self.session.store.conversations(query=sidebar.query_text, limit=LIST_LIMIT)
        except StoreFailed as error:
            self.notice(str(error), error=True)
            return
        sidebar.draw(found, self.session.state.conversation_id, now_s=self.services.now())
        self.query_one(Composer).remember(self.session.said())

    def model_loaded(self, ref: str) -> None:
        """Remember the last good model."""
        recent = (ref, *(old for old in self.memory.recent_models if old != ref))[:20]
        self.remember(model=ref, recent_models=recent, **(self.session.model.chosen() if self.session else {}))

    def notice(self, text: str, *, error: bool = False) -> None:
        """Say something in passing; not again what still stands there."""
        if not any(shown.message == text for shown in self.app._notifications):
            self.notify(text, severity="error" if error else "information", timeout=12 if error else 5, markup=False)

    def remember(self, **changes: object) -> None:
        """Keep something for the next start."""
        self._remembering.change(**changes)

    # What the widgets tell

    @on(EventsArrived)
    def _apply(self, event: EventsArrived) -> None:
        if self.session is not None:
            was_busy = self.session.state.busy
            self.session.apply(event.events)
            self.tell_studio(event.events)
            if was_busy and not self.session.state.busy:
                self._after_reply()

    def _after_reply(self) -> None:
        if self.session is not None:
            self.save_draft()
            self.count_soon()

    @on(Composer.Submitted)
    async def _submit(self, event: Composer.Submitted) -> None:
        slash = commands.parse_slash(event.text) or commands.parse_lone_word(event.text)
        if isinstance(slash, str):
            self.give_back(event.text)
            self.notice(slash)
            return
        if slash is not None:
            await self.run_slash(slash)
        else:
            self.send_message(event.text)

    @on(Composer.Nothing)
    def _nothing(self) -> None:
        self.nothing_to_send()

    @on(VariablesForm.Changed)
    def _fill_in(self, event: VariablesForm.Changed) -> None:
        if self.session is not None:
            self.session.prompting.choose_variables(event.values)
            self.count_soon()

    @on(Transcript.TurnAction)
    def _act_on_turn(self, event: Transcript.TurnAction) -> None:
        self.turn_action(event.action, event.turn_id)

    @on(Transcript.Leave)
    def _leave_transcript(self) -> None:
        self.query_one(Composer).focus()

    @on(Sidebar.Opened)
    def _open_from_list(self, event: Sidebar.Opened) -> None:
        self.open_conversation(event.conversation_id)

    @on(Sidebar.Asked)
    def _ask_from_list(self, event: Sidebar.Asked) -> None:
        if event.what == "delete":
            self.delete_conversation(event.conversation_id)
        else:
            self.rename_conversation(event.conversation_id)

    @on(Sidebar.Filtered)
    def _filter_list(self) -> None:
        self.conversations_changed()

    # Small things

    async def _watch_library(self) -> None:
        if self.session is None:
            return
        before = self.services.library.listing
        listing = await asyncio.to_thread(self.services.library.scan)
        if listing != before:
            self.session.prompting.refresh()
            self.templates_changed(listing)
