"""The studio: the editor on the left; on the right what the model sees, and the trial run beneath."""

from __future__ import annotations

import asyncio
import contextlib
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, Label, OptionList, Static

from engine.errors import TunesmithError
from engine.templates import Library
from engine.templates.drafts import TemplateDrafts
from tui import commands
from tui.screens.studio.base import StudioHost
from tui.screens.studio.drawing import Drawing
from tui.screens.studio.examining import Examining
from tui.screens.studio.files import FileActions
from tui.screens.studio.running import Running
from tui.session.template_desk import TemplateDesk
from tui.state.studio import SAMPLE, StudioState, next_line
from tui.widgets.footer import Footer
from tui.widgets.painted import Painted
from tui.widgets.preview import Preview
from tui.widgets.template_editor import TemplateEditor
from tui.widgets.variables import VariablesForm

LOOK_INTERVAL_S = 1.0
DRAFT_PAUSE_S = 0.4


class StudioScreen(Drawing, Running, Examining, FileActions):
    """Where templates are written."""

    BINDINGS: ClassVar[list[BindingType]] = [*commands.bindings("studio")]
    KEYS_OF: ClassVar[commands.Scope] = "studio"
    """Whose keys the help shows first."""
    AUTO_FOCUS = "TemplateEditor"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (150, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    DEFAULT_CSS: ClassVar[str] = """
    StudioScreen {
        #studio-head {
            height: 1; padding: 0 1; background: $surface; text-wrap: nowrap; text-overflow: ellipsis;
        }
        #studio-disk { padding: 0 1; background: $warning 25%; }
        #studio-body { height: 1fr; }
        #studio-left { width: 1fr; height: 1fr; }
        #studio-right { width: 1fr; height: 1fr; border-left: tall $surface; }
        #studio-editor { height: 1fr; }
        #studio-findings {
            height: auto; max-height: 9; border: none; border-top: solid $surface; padding: 0 1;
            background: $background; scrollbar-size-vertical: 1;
            & > .option-list--option { padding: 0; }
        }
        &.-short #studio-findings { max-height: 6; }
        #studio-sample { height: 1; padding: 0 1; }
        #studio-sample Label { width: 9; color: $text-muted; }
        #studio-message { border: none; height: 1; width: 1fr; padding: 0 1; background: $panel; }
        #studio-message:focus { background: $primary 25%; }
        #studio-size { height: auto; padding: 0 1; color: $text-muted; }
        #studio-stops { height: auto; max-height: 3; padding: 0 1; color: $text-muted; }
        Preview { height: 1fr; }
        #studio-run-state { height: auto; padding: 0 1; border-top: solid $surface; color: $text-muted; }
        #studio-run-state.-faulty { color: $text-error; }
        #studio-run { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
        #studio-run Static { height: auto; }
        &.-narrow #studio-right { display: none; border-left: none; }
        &.-narrow.-seeing #studio-right { display: block; }
        &.-narrow.-seeing #studio-left { display: none; }
        Footer { dock: bottom; }
    }
    """

    def __init__(self, library: Library, drafts: TemplateDrafts, host: StudioHost, name: str) -> None:
        """Make the studio.

        Args:
            library: The templates.
            drafts: Where unsaved text is kept.
            host: What knows of the model.
            name: The template to open.

        Raises:
            TunesmithError: It can't be opened.
        """
        super().__init__()
        self.desk = TemplateDesk(library, drafts)
        self.host = host
        self.state = StudioState()
        self.deleted = []
        self._model = host.studio_model()
        self.desk.open(name)

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        yield Painted(id="studio-head")
        yield Painted(id="studio-disk")
        with Horizontal(id="studio-body"):
            with Vertical(id="studio-left"):
                yield TemplateEditor(id="studio-editor")
                yield OptionList(id="studio-findings", markup=False)
            with Vertical(id="studio-right"):
                with Horizontal(id="studio-sample"):
                    yield Label("Message", markup=False)
                    yield Input(SAMPLE, id="studio-message", compact=True)
                yield VariablesForm(id="studio-variables")
                yield Painted(id="studio-size")
                yield Preview()
                yield Painted(id="studio-stops")
                yield Painted(id="studio-run-state")
                with VerticalScroll(id="studio-run", can_focus=False):
                    yield Static("", id="studio-reply", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        """Show the template, and look after its file."""
        self.query_one(VariablesForm).display = False
        self.show_text()
        if self.desk.now.from_draft:
            self.notice("What you had typed and not saved is here again. Alt+U goes back to the saved text.")
        self.set_interval(LOOK_INTERVAL_S, self._look_at_disk)

    def on_unmount(self) -> None:
        """Keep what is not saved, however the program ends."""
        if self.state.is_running and self.state.run is not None:
            self.host.studio_cancel(self.state.run.request_id)
        with contextlib.suppress(TunesmithError):  # there is nobody left to be told; the draft before it stays
            self.desk.keep_draft()

    @property
    def visited(self) -> frozenset[str]:
        """The ids of all templates that were open here."""
        return self.desk.visited

    @property
    def open_id(self) -> str:
        """The id of the template that is open."""
        return self.desk.now.id

    @property
    def is_unsaved(self) -> bool:
        """Whether something is typed and not saved."""
        return self.desk.now.is_dirty and not self.desk.now.is_read_only

    # What is typed and what is on the disk

    def values(self) -> tuple[str, dict[str, str]]:
        """The sample message, and what the blanks are filled with."""
        return self.query_one("#studio-message", Input).value, self.query_one(VariablesForm).values

    def show_text(self) -> None:
        """Put the open template's text into the editor, and look at it."""
        editor = self.query_one(TemplateEditor)
        one = self.desk.now
        editor.read_only = one.is_read_only
        editor.mark_lines({})
        if editor.text != one.text:
            editor.load_text(one.text)
        self._runs_when_seen = False
        self.state = StudioState(shows_tokens=self.state.shows_tokens)
        self.draw()
        self.look_again()

    def draft_soon(self) -> None:
        """Keep what is typed, once the typing pauses."""
        self.run_worker(self._keep_draft(), group="draft", exclusive=True)

    async def _keep_draft(self) -> None:
        await asyncio.sleep(DRAFT_PAUSE_S)
        try:
            await asyncio.to_thread(self.desk.keep_draft)
        except TunesmithError as error:
            self.notice(str(error), error=True)

    async def _look_at_disk(self) -> None:
        before = self.desk.now
        theirs = await asyncio.to_thread(self.desk.read_disk)
        now = self.desk.now
        if (now.file, now.saved) != (before.file, before.saved):
            return  # another one was opened, or it was saved meanwhile
        before = now
        self.desk.look(theirs)
        now = self.desk.now
        if now.text != before.text:
            self.show_text()
            self.notice("Another program changed the file: this is its text now")
        elif now is not before and now != before:
            self.draw()

    @on(TemplateEditor.Refused)
    def _refused(self) -> None:
        self.ask_to_duplicate()

    def leave(self) -> None:
        """Go back to the chat; what is not saved is kept as a draft."""
        if self.keep():
            if self.is_unsaved:
                self.notice("What is not saved is kept as a draft")
            self.dismiss(None)

    # What there is to do on the screen

    def action_studio_view(self) -> None:
        """Where there is no room for both, switch between the text and the prompt; else move the focus between them."""
        seeing = not self.has_class("-seeing")
        self.set_class(seeing, "-seeing")
        self.query_one("#studio-message" if seeing else "#studio-editor").focus()

    def action_studio_next_finding(self) -> None:
        """Go to the line of the next fault or trap."""
        editor = self.query_one(TemplateEditor)
        if line := next_line(self.state.findings, editor.cursor_location[0] + 1):
            self._go_to(line)
        else:
            self.notice("There is no fault and no warning")

    @on(OptionList.OptionSelected, "#studio-findings")
    def _finding_chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if line := self.state.findings[event.option_index].line:
            self._go_to(line)

    def _go_to(self, line: int) -> None:
        self.remove_class("-seeing")
        self.query_one(TemplateEditor).go_to(line)

    def action_studio_open(self) -> None:
        """Open another template."""
        from tui.screens.studio.opening import pick

        pick(self)
