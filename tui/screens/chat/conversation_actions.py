"""Conversations: opening, finding, renaming, exporting, deleting."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine.atomic import write_new
from engine.conversations import ExportFormat, Store, export
from engine.display import visible_line
from engine.errors import TunesmithError
from engine.paths import current_folder
from tui.screens.chat.base import NO_CONVERSATION, ChatBase
from tui.widgets.composer import Composer


class ConversationActions(ChatBase):
    """The list of conversations and the open one."""

    def action_new_chat(self) -> None:
        """Begin afresh."""
        session = self.session
        if session is None:
            return
        self.save_draft()
        session.conversations.new()
        self.query_one(Composer).put(session.drafts.resume())
        self.query_one(Composer).focus()
        self.conversations_changed()

    def open_conversation(self, conversation_id: int, turn_id: int | None = None) -> None:
        """Open a stored conversation."""
        session = self.session
        if session is None:
            return
        self.save_draft()
        try:
            session.conversations.open(conversation_id, turn_id)
        except TunesmithError as error:
            self.notice(str(error), error=True)
            return
        self.query_one(Composer).put(session.drafts.resume())
        self.query_one(Composer).focus()
        self.conversations_changed()
        self.count_soon()

    def action_find_chat(self) -> None:
        """Search all conversations."""
        from tui.screens.search import SearchScreen

        session = self.session
        if session is None:
            return

        def chosen(found: tuple[int, int | None] | None) -> None:
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
            self.notice(NO_CONVERSATION)
            return
        title = self.session.conversations.title(conversation_id)
        if title is None:
            return
        prompt = LinePrompt("Rename the conversation", value=title)
        self.app.push_screen(prompt, lambda text: self._rename(conversation_id, text))

    def _rename(self, conversation_id: int | None, title: str | None) -> None:
        if self.session is not None and conversation_id is not None and title and title.strip():
            self.session.conversations.rename(conversation_id, title.strip())

    def action_export_chat(self) -> None:
        """Ask where to write the conversation."""
        from tui.screens.line_prompt import LinePrompt

        if self.session is None or self.session.state.conversation is None:
            self.notice(NO_CONVERSATION)
            return
        conversation = self.session.state.conversation
        name = "".join(c if c.isalnum() else "-" for c in conversation.title.lower()).strip("-")[:60]
        prompt = LinePrompt(
            "Export the conversation",
            value=str(current_folder() / f"{name or 'conversation'}.md"),
            hint="A name that ends in .json gets the whole tree; any other, the shown branch as Markdown",
        )
        self.app.push_screen(prompt, self._export_in_background)

    def _export_in_background(self, file: str | None) -> None:
        if file:
            self.run_worker(self._export(file), group="export")

    async def _export(self, file: str) -> None:
        session = self.session
        if session is None or session.state.conversation_id is None:
            self.notice(NO_CONVERSATION)
            return
        shown = visible_line(file)
        try:
            ending: ExportFormat = "json" if file.endswith(".json") else "markdown"
            await asyncio.to_thread(_export, session.store, session.state.conversation_id, ending, file)
        except TunesmithError as error:
            self.notice(str(error), error=True)
        except FileExistsError:
            self.notice(f"{shown} exists already: choose another name", error=True)
        except (RuntimeError, ValueError):  # a home of nobody, a NUL
            self.notice(f"{shown} is no name for a file", error=True)
        except OSError as error:
            self.notice(f"{shown} can't be written: {error.strerror}", error=True)
        else:
            self.notice(f"Written to {shown}")

    def action_delete_chat(self) -> None:
        """Delete the open conversation."""
        if self.session is not None and self.session.state.conversation_id is not None:
            self.delete_conversation(self.session.state.conversation_id)
        else:
            self.notice(NO_CONVERSATION)

    def delete_conversation(self, conversation_id: int) -> None:
        """Take a conversation out of the list."""
        session = self.session
        if session is None:
            return
        here = session.state.conversation_id == conversation_id
        if here and session.state.reply_here is not None:
            session.replies.stop()
        self.save_draft()
        title = session.conversations.title(conversation_id)
        if title is None or not session.conversations.delete(conversation_id):
            return
        self._deleted.append(conversation_id)
        if here:
            session.conversations.new()
            self.query_one(Composer).put(session.drafts.resume())
        self.conversations_changed()
        self.notice(f"Deleted “{visible_line(title)}”. /undo brings it back.")

    def action_undo_delete(self) -> None:
        """Bring back what was deleted last."""
        if self.session is None or not self._deleted:
            self.notice("Nothing was deleted")
            return
        conversation_id = self._deleted.pop()
        if self.session.conversations.undelete(conversation_id):
            self.open_conversation(conversation_id)
        else:
            self._deleted.append(conversation_id)


def _export(store: Store, conversation_id: int, ending: ExportFormat, file: str) -> None:
    write_new(Path(file).expanduser(), export(store, conversation_id, ending).encode())
