"""What the chat can be asked to do: one method an action of the table."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from textual.screen import Screen

from engine.conversations import StoredTurn, export
from engine.display import visible_line
from engine.errors import TunesmithError
from engine.protocol import SamplingChange, Template
from engine.templates import Listing, render
from tui.commands import SlashCommand
from tui.widgets.composer import Composer
from tui.widgets.dock import Dock
from tui.widgets.sidebar import ConversationList, Sidebar
from tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from engine.memory import Memory

    from tui.services import Services
    from tui.session import Session

_STEPS = {"older": -1, "newer": 1}


class ChatActions(Screen[None]):
    """The actions of the chat screen, which owns the session they work on."""

    session: Session | None
    services: Services
    memory: Memory
    _deleted: list[int]

    if TYPE_CHECKING:

        def notice(self, text: str, *, error: bool = False) -> None: ...
        def remember(self, **changes: object) -> None: ...
        def conversations_changed(self) -> None: ...
        def state_changed(self) -> None: ...
        def _count_soon(self) -> None: ...

    # Messages

    def send_message(self, text: str) -> None:
        """Send what was typed; whoever can't send it leaves it in the composer."""
        session = self.session
        if session is None:
            return
        if session.state.busy:
            self.notice("A reply is coming: Esc stops it. Your message stays here.")
            return
        if not session.state.model.ref and session.state.editing_needs_model:
            self.notice("Pick a model first. Your message stays here.")
            self.action_pick_model()
            return
        editing = session.state.editing
        self.query_one(Composer).put("")
        self.query_one(Transcript).follow()
        if editing is not None and editing.role == "assistant":
            session.conversations.rewrite(editing, text)
        else:
            session.replies.send(text)

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
                case ("rename_chat", title) if title:
                    self._rename(session.state.conversation_id, title)
                case ("export_chat", file) if file:
                    await self._export(file)
                case _:
                    namespace = "app" if action.scope == "app" else "screen"
                    await self.run_action(f"{namespace}.{action.id}")
        except TunesmithError as error:
            self.notice(str(error), error=True)

    def turn_action(self, action: str, turn_id: int) -> None:
        """Do something with one turn."""
        turn = self._turn(turn_id)
        session = self.session
        if session is None or turn is None:
            return
        if action == "copy":
            self._copy(turn)
        elif session.state.busy:
            self.notice("A reply is coming: Esc stops it")
        elif action in _STEPS:
            session.conversations.show_version(turn, _STEPS[action])
        elif action == "edit":
            self._edit(turn)
        elif action == "regenerate":
            session.replies.regenerate(turn)
        elif action == "continue":
            session.replies.continue_from(turn)

    def _turn(self, turn_id: int | None = None) -> StoredTurn | None:
        """The turn of that id, or the one under the cursor, or the last."""
        turns = self.session.state.turns if self.session else ()
        if turn_id is None:
            turn_id = self.query_one(Transcript).cursor_id
        if turn_id is None:
            return turns[-1] if turns else None
        return next((turn for turn in turns if turn.id == turn_id), None)

    def _on_turn(self, action: str) -> None:
        turn = self._turn()
        if turn is None:
            self.notice("There is nothing here yet")
        else:
            self.turn_action(action, turn.id)

    def action_stop(self) -> None:
        """Stop the reply; else leave editing; else go to the composer."""
        session = self.session
        if session is None:
            return
        if session.state.busy:
            session.replies.stop()
        elif session.state.editing is not None:
            session.conversations.edit(None)
            self.query_one(Composer).put(session.conversations.draft())
        self.query_one(Composer).focus()

    def action_regenerate(self) -> None:
        """Answer the last message again."""
        self._on_turn("regenerate")

    def action_continue_reply(self) -> None:
        """Let the model go on."""
        self._on_turn("continue")

    def action_edit_turn(self) -> None:
        """Edit the turn under the cursor, or the last message."""
        if self.query_one(Transcript).cursor_id is not None:
            self._on_turn("edit")
            return
        turns = self.session.state.turns if self.session else ()
        last = next((turn for turn in reversed(turns) if turn.role == "user"), None)
        if last is None:
            self.notice("There is nothing to edit yet")
        else:
            self.turn_action("edit", last.id)

    def action_older_version(self) -> None:
        """Walk to the version before."""
        self._on_turn("older")

    def action_newer_version(self) -> None:
        """Walk to the version after."""
        self._on_turn("newer")

    def action_copy_turn(self) -> None:
        """Copy the turn under the cursor, or the last reply."""
        self._on_turn("copy")

    def action_toggle_markdown(self) -> None:
        """Show replies raw or as Markdown."""
        transcript = self.query_one(Transcript)
        transcript.markdown = not transcript.markdown
        self.remember(markdown=transcript.markdown)
        self.notice("Replies are shown as Markdown" if transcript.markdown else "Replies are shown as they came")

    def _edit(self, turn: StoredTurn) -> None:
        if self.session is None:
            return
        composer = self.query_one(Composer)
        if self.session.state.editing is None:
            self.session.conversations.save_draft(composer.text)
        self.session.conversations.edit(turn)
        composer.put(turn.text)
        composer.focus()

    def _copy(self, turn: StoredTurn) -> None:
        self.app.copy_to_clipboard(turn.text)
        self.notice(f"Copied {len(turn.text):,} characters")

    # Model and prompt

    def action_pick_model(self) -> None:
        """Choose a model."""
        from tui.screens.model_picker import ModelChoice, ModelPicker

        def chosen(choice: ModelChoice | None) -> None:
            if choice is not None and self.session is not None:
                self.session.model.load(choice.ref, device=choice.device, dtype=choice.dtype)

        current = self.session.state.model.ref if self.session else ""
        picker = ModelPicker(None, current)
        self.app.push_screen(picker, chosen)
        self.run_worker(self._list_models(picker), group="models", exclusive=True)

    async def _list_models(self, picker: object) -> None:
        from engine.models import list_models
        from tui.screens.model_picker import ModelPicker

        entries = await asyncio.to_thread(
            list_models, self.services.paths, self.services.environ, remembered=self.memory.recent_models
        )
        if isinstance(picker, ModelPicker) and picker.is_mounted:
            picker.update_entries(entries)

    def action_cancel_load(self) -> None:
        """Stop loading."""
        if self.session is not None:
            self.session.model.cancel()

    def action_pick_template(self) -> None:
        """Choose a prompt template."""
        from tui.screens.template_picker import TemplatePicker

        session = self.session
        if session is None:
            return

        def chosen(template_id: str | None) -> None:
            if template_id is not None:
                session.prompting.choose_template(template_id)
                self.remember(template=template_id)
                self._count_soon()

        self.app.push_screen(TemplatePicker(session.library.scan(), session.state.template.id, self._preview), chosen)

    def _preview(self, template: Template) -> str:
        """What the model would see, were the composer's text sent with this template."""
        session = self.session
        if session is None:
            return ""
        message = self.query_one(Composer).text or "Your message stands here."
        return render(session.prompting.prompt_for(message, template), session.state.model.info)

    def templates_changed(self, listing: Listing) -> None:
        """Files of templates changed while the program runs."""
        from tui.screens.template_picker import TemplatePicker

        if isinstance(picker := self.app.screen, TemplatePicker):
            picker.update_listing(listing)
        self.state_changed()

    def action_edit_sampling(self) -> None:
        """Set the sampling."""
        from tui.screens.sampling_form import SamplingForm

        session = self.session
        if session is None:
            return

        def chosen(change: SamplingChange | None) -> None:
            if change is not None:
                session.prompting.choose_sampling(change)

        self.app.push_screen(SamplingForm(session.prompting.sampling, session.prompting.default_sampling), chosen)

    # Conversations

    def action_new_chat(self) -> None:
        """Begin afresh."""
        session = self.session
        if session is None:
            return
        self._leave_conversation()
        session.conversations.new()
        self.query_one(Composer).put(session.conversations.draft())
        self.query_one(Composer).focus()
        self.conversations_changed()

    def open_conversation(self, conversation_id: int, turn_id: int | None = None) -> None:
        """Open a stored conversation."""
        session = self.session
        if session is None:
            return
        self._leave_conversation()
        try:
            session.conversations.open(conversation_id, turn_id)
        except TunesmithError as error:
            self.notice(str(error), error=True)
            return
        self.query_one(Composer).put(session.conversations.draft())
        self.query_one(Composer).focus()
        self.conversations_changed()
        self._count_soon()

    def _leave_conversation(self) -> None:
        if self.session is None:
            return
        if self.session.state.editing is None:
            self.session.conversations.save_draft(self.query_one(Composer).text)

    def action_find_chat(self) -> None:
        """Search all conversations."""
        from tui.screens.search import SearchScreen

        session = self.session
        if session is None:
            return

        def chosen(found: tuple[int, int] | None) -> None:
            if found is not None:
                self.open_conversation(*found)

        self.app.push_screen(SearchScreen(session.store.search), chosen)

    def action_rename_chat(self) -> None:
        """Rename the open conversation."""
        self.rename_conversation(self.session.state.conversation_id if self.session else None)

    def rename_conversation(self, conversation_id: int | None) -> None:
        """Ask for another title."""
        from tui.screens.line_prompt import LinePrompt

        if self.session is None or conversation_id is None:
            self.notice("This conversation has no first message yet")
            return
        title = self.session.store.conversation(conversation_id).title
        prompt = LinePrompt("Rename the conversation", value=title, hint="Enter keeps it, Esc leaves it as it was")
        self.app.push_screen(prompt, lambda text: self._rename(conversation_id, text))

    def _rename(self, conversation_id: int | None, title: str | None) -> None:
        if self.session is not None and conversation_id is not None and title and title.strip():
            self.session.store.rename(conversation_id, title.strip())
            self.conversations_changed()

    def action_export_chat(self) -> None:
        """Ask where to write the conversation."""
        from tui.screens.line_prompt import LinePrompt

        if self.session is None or self.session.state.conversation is None:
            self.notice("This conversation has no first message yet")
            return
        conversation = self.session.state.conversation
        name = "".join(c if c.isalnum() else "-" for c in conversation.title.lower()).strip("-")[:60]
        prompt = LinePrompt(
            "Export the conversation",
            value=str(Path.cwd() / f"{name or 'conversation'}.md"),
            hint="A name that ends in .json gets the whole tree; any other, the shown branch as Markdown",
        )
        self.app.push_screen(prompt, self._export_in_background)

    def _export_in_background(self, file: str | None) -> None:
        if file:
            self.run_worker(self._export(file), group="export")

    async def _export(self, file: str) -> None:
        session = self.session
        if session is None or session.state.conversation_id is None:
            self.notice("This conversation has no first message yet")
            return
        path = Path(file).expanduser()
        if path.exists():
            self.notice(f"{visible_line(str(path))} exists already: choose another name", error=True)
            return
        text = export(session.store, session.state.conversation_id, "json" if path.suffix == ".json" else "markdown")
        try:
            await asyncio.to_thread(path.write_text, text, encoding="utf-8")
        except OSError as error:
            self.notice(f"{visible_line(str(path))} can't be written: {error.strerror}", error=True)
        else:
            self.notice(f"Written to {visible_line(str(path))}")

    def action_delete_chat(self) -> None:
        """Delete the open conversation."""
        if self.session is not None and self.session.state.conversation_id is not None:
            self.delete_conversation(self.session.state.conversation_id)
        else:
            self.notice("This conversation has no first message yet")

    def delete_conversation(self, conversation_id: int) -> None:
        """Take a conversation out of the list."""
        session = self.session
        if session is None:
            return
        title = session.store.conversation(conversation_id).title
        session.store.delete(conversation_id)
        self._deleted.append(conversation_id)
        if session.state.conversation_id == conversation_id:
            if session.state.reply_here is not None:
                session.replies.stop()
            session.conversations.new()
        self.conversations_changed()
        self.notice(f"Deleted “{visible_line(title)}”. /undo brings it back.")

    def action_undo_delete(self) -> None:
        """Bring back what was deleted last."""
        if self.session is None or not self._deleted:
            self.notice("Nothing was deleted")
            return
        conversation_id = self._deleted.pop()
        self.session.store.undelete(conversation_id)
        self.open_conversation(conversation_id)

    # The screen

    def action_toggle_sidebar(self) -> None:
        """Fold or unfold the conversations."""
        sidebar = self.query_one(Sidebar)
        sidebar.display = not sidebar.display
        self.remember(sidebar_folded=not sidebar.display)
        if sidebar.display:
            self.query_one(ConversationList).focus()
        else:
            self.query_one(Composer).focus()

    def action_toggle_dock(self) -> None:
        """Fold or unfold the dock."""
        dock = self.query_one(Dock)
        dock.display = not dock.display
        self.remember(dock_shown=dock.display)

    def action_focus_composer(self) -> None:
        """Go to the composer."""
        self.query_one(Composer).focus()
