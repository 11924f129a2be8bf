"""Which conversation is open, and which of its branches."""

from __future__ import annotations

from engine.conversations import Conversation, StoredTurn
from engine.errors import TemplateNotFound
from engine.protocol import Template
from engine.templates.writing import TRAINED_ID
from tui.session.desk import Desk
from tui.session.prompting import find_template


class Conversations:
    """Opening, walking through versions, drafts."""

    def __init__(self, desk: Desk) -> None:
        """Work on a desk."""
        self._desk = desk

    def new(self) -> None:
        """Begin afresh."""
        self._desk.put(conversation=None, editing=None, fault=None, counted=None)
        self._desk.reload()

    def open(self, conversation_id: int, turn_id: int | None = None) -> None:
        """Open a stored conversation, on the branch of a turn where one is named.

        Raises:
            ConversationNotFound: There is none with the id.
            StoreFailed: It can't be read.
        """
        desk = self._desk
        conversation = desk.store.conversation(conversation_id)
        if turn_id is not None:
            desk.store.select(turn_id)
        template = self._template_of(conversation)
        desk.put(
            conversation=conversation,
            template=template,
            variables=conversation.variables,
            sampling=conversation.sampling,
            editing=None,
            fault=None,
            counted=None,
        )
        desk.reload()

    def _template_of(self, conversation: Conversation) -> Template:
        desk, wanted = self._desk, conversation.template
        try:
            return desk.library.get(wanted)
        except TemplateNotFound:
            found = find_template(desk.library, desk.settings, desk.state.model, wanted)
        if wanted == TRAINED_ID and found.id != TRAINED_ID:
            whose = conversation.model or "the model"
            desk.listener.notice(f"{found.name} stands in for the template that trained {whose} and comes with it")
        elif wanted and wanted != found.id:
            desk.listener.notice(f"The template “{wanted}” is gone; {found.name} stands in for it", error=True)
        return found

    def show_version(self, turn: StoredTurn, step: int) -> None:
        """Walk to the version of a turn `step` before (negative) or after; at the ends, stay."""
        siblings = self._desk.store.siblings(turn.id)
        place = siblings.index(turn.id) + step
        if 0 <= place < len(siblings):
            self._desk.store.select(siblings[place])
            self._desk.reload()

    def edit(self, turn: StoredTurn | None) -> None:
        """Begin to edit a turn, or leave editing."""
        self._desk.change(editing=turn)

    def rewrite(self, turn: StoredTurn, text: str) -> None:
        """Keep a person's own version of a reply, beside the model's."""
        self._desk.store.add_turn(
            turn.conversation_id,
            turn.parent_id,
            "assistant",
            text,
            model=turn.model if turn.model.endswith("(edited)") else f"{turn.model} (edited)",
            template=turn.template,
        )
        self._desk.put(editing=None)
        self._desk.reload()

    def save_draft(self, text: str) -> None:
        """Keep what is in the composer, and a message whose answer has not begun."""
        desk = self._desk
        reply = desk.state.reply_here
        waiting = reply.message if reply is not None and reply.turn_id is None and not reply.over else None
        desk.guard(lambda: desk.store.set_draft(desk.state.conversation_id, "\n\n".join(filter(None, (waiting, text)))))

    def draft(self) -> str:
        """What was left in the composer of this conversation."""
        return self._desk.store.draft(self._desk.state.conversation_id)
