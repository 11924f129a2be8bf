"""Folding the parts of the screen, and slash commands."""

from __future__ import annotations

from textual.widget import Widget

from engine.errors import TunesmithError
from tui.commands import SlashCommand
from tui.screens.chat.base import NARROW_COLUMNS
from tui.screens.chat.conversation_actions import ConversationActions
from tui.screens.chat.lab_actions import LabActions
from tui.screens.chat.prompt_actions import PromptActions
from tui.screens.chat.studio_actions import StudioActions
from tui.screens.chat.tour_actions import TourActions
from tui.screens.chat.turn_actions import TurnActions
from tui.widgets.composer import Composer
from tui.widgets.dock import Dock
from tui.widgets.sidebar import ConversationList, Sidebar


class ChatActions(TurnActions, PromptActions, StudioActions, ConversationActions, TourActions, LabActions):
    """Everything the chat can be asked to do."""

    async def run_slash(self, command: SlashCommand) -> None:
        """Do what a slash command says."""
        action, argument = command.action, command.argument
        session = self.session
        if session is None:
            return
        try:
            match (action.id, argument):
                case ("pick_model", ref) if ref:
                    session.model.load(ref)
                case ("pick_template", name) if name:
                    session.prompting.choose_template(name)
                case ("studio", name) if name:
                    self.open_studio(name)
                case ("rename_chat", title) if title:
                    self._rename(session.state.conversation_id, title)
                case ("export_chat", file) if file:
                    await self._export(file)
                case ("lab", name) if name:
                    await self.action_lab(name)
                case ("runs", name) if name:
                    await self.open_run_named(name)
                case _:
                    namespace = "app" if action.scope == "app" else "screen"
                    await self.run_action(f"{namespace}.{action.id}")
        except TunesmithError as error:
            self.notice(str(error), error=True)

    def action_toggle_sidebar(self) -> None:
        """Fold or unfold the conversations."""
        sidebar = self.query_one(Sidebar)
        sidebar.display = not sidebar.display
        self.remember(sidebar_folded=not sidebar.display)
        if sidebar.display:
            self._make_room(self.query_one(Dock))
        elif self.focused is None or sidebar in self.focused.ancestors:
            self.query_one(Composer).focus()

    def action_focus_conversations(self) -> None:
        """Put the cursor into the list of conversations."""
        if not self.query_one(Sidebar).display:
            self.action_toggle_sidebar()
        self.query_one(ConversationList).focus()

    def action_toggle_dock(self) -> None:
        """Fold or unfold the dock."""
        dock = self.query_one(Dock)
        if not dock.display:
            self.show_dock()
            return
        dock.display = False
        self.remember(dock_shown=False)

    def show_dock(self) -> None:
        """Unfold the dock, where it is folded."""
        dock = self.query_one(Dock)
        if not dock.display:
            dock.display = True
            self.remember(dock_shown=True)
            self.draw_run()
            self._make_room(self.query_one(Sidebar))

    def _make_room(self, other: Widget) -> None:
        """On a narrow terminal the chat keeps its room: one panel beside it is enough."""
        if self.app.size.width < NARROW_COLUMNS and other.display:
            had_focus = other.has_focus_within
            other.display = False
            if had_focus:
                self.query_one(Composer).focus()

    def action_focus_composer(self) -> None:
        """Go to the composer."""
        self.query_one(Composer).focus()
