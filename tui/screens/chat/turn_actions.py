"""Sending, and what can be done with a turn."""

from __future__ import annotations

from engine.conversations import StoredTurn
from tui.screens.chat.base import BUSY, MODEL_FIRST, ChatBase
from tui.session import Session
from tui.widgets.composer import Composer
from tui.widgets.transcript import Transcript

_STEPS = {"older": -1, "newer": 1}


class TurnActions(ChatBase):
    """Messages, replies and their versions."""

    def send_message(self, text: str) -> None:
        """Send what was typed, or give it back with a word on why not."""
        session = self.session
        if session is None:
            self.give_back(text)
            return
        if session.state.busy:
            self.notice(f"{BUSY}. Your message stays here.")
            self.give_back(text)
            return
        if not session.state.model.ref and session.state.editing_needs_model:
            self.notice(MODEL_FIRST)
            self.give_back(text)
            self.action_pick_model()
            return
        self.query_one(Transcript).follow()
        editing = session.state.editing
        if editing is not None and editing.role == "assistant":
            sent = session.conversations.rewrite(editing, text)
        else:
            sent = session.replies.send(text)
        if not sent:
            self.give_back(text)
        elif editing is not None:
            self.give_back(session.drafts.draft())
        self.save_draft()

    def edit_again(self, turn: StoredTurn, text: str) -> None:
        """An edit could not be sent: it is one again, and what has been typed since is kept as the draft."""
        if self.session is not None:
            self._edit(turn)
            self.query_one(Composer).put(text)

    def turn_action(self, action: str, turn_id: int) -> None:
        """Do something with one turn."""
        turn = self._turn(turn_id)
        session = self.session
        if session is None or turn is None:
            return
        if action == "copy":
            self._copy(turn)
        elif session.state.busy:
            self.notice(BUSY)
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
            self._leave_edit(session, session.state.editing)
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
        self._walk("older")

    def action_newer_version(self) -> None:
        """Walk to the version after."""
        self._walk("newer")

    def _walk(self, action: str) -> None:
        """Walk through the versions of the turn under the cursor; without a cursor, of the last that has any."""
        turns = self.session.state.turns if self.session else ()
        if self.query_one(Transcript).cursor_id is not None:
            self._on_turn(action)
        elif (turn := next((turn for turn in reversed(turns) if turn.versions > 1), None)) is not None:
            self.turn_action(action, turn.id)
        else:
            self.notice("There is one version of everything here")

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
        shown = self.session.drafts.begin_edit(turn, composer.text)
        if shown is not None:
            composer.put(shown)
        composer.focus()

    def _leave_edit(self, session: Session, turn: StoredTurn) -> None:
        composer = self.query_one(Composer)
        changed = composer.text not in ("", turn.text)
        composer.put(session.drafts.leave_edit(composer.text))
        if changed:
            self.notice("What you changed is kept: edit the same turn to go on with it")

    def _copy(self, turn: StoredTurn) -> None:
        self.app.copy_to_clipboard(turn.text)
        self.notice(f"Copied {len(turn.text):,} characters")
