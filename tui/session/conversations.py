"""Which conversation is open, and which of its branches."""

from __future__ import annotations

from engine.conversations import Conversation, StoredTurn
from engine.errors import TemplateNotFound
from engine.protocol import Template
from engine.templates.writing import TRAINED_ID
from tui.session.desk import Desk
from tui.session.drafts import Drafts
from tui.session.prompting import Prompting, find_template


class Conversations:
    """Opening, walking through versions, titles, deleting."""

    def __init__(self, desk: Desk, drafts: Drafts, prompting: Prompting) -> None:
        """Work on a desk, with what was typed and what was chosen."""
        self._desk = desk
        self._prompting = prompting
        self._drafts = drafts

    def new(self) -> None:
        """Begin afresh, with the choices of what was open."""
        self._desk.put(conversation=None, editing=None, fault=None, counted=None)
        self._prompting.keep_choices()
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
        desk = self._desk
        siblings: tuple[int, ...] = ()
        siblings = desk.read(lambda: desk.store.siblings(turn.id), siblings)
        place = siblings.index(turn.id) + step if siblings else -1
        if 0 <= place < len(siblings) and desk.guard(lambda: desk.store.select(siblings[place])):
            desk.reload()

    def rewrite(self, turn: StoredTurn, text: str) -> bool:
        """Keep a person's own version of a reply, beside the model's; say whether it could be stored."""
        desk = self._desk
        model = turn.model if turn.model.endswith("(edited)") else f"{turn.model} (edited)"
        stored = desk.guard(
            lambda: desk.store.add_turn(
                turn.conversation_id,
                turn.parent_id,
                "assistant",
                text,
                model=model,
                template=turn.template,
                replaces=turn.id,
            )
        )
        if stored:
            self._drafts.rewritten(turn)
            desk.put(editing=None)
            desk.reload()
        return stored

    def rename(self, conversation_id: int, title: str) -> None:
        """Give a conversation another title."""
        desk = self._desk
        desk.guard(lambda: desk.store.rename(conversation_id, title))
        desk.listener.conversations_changed()

    def title(self, conversation_id: int) -> str | None:
        """The title of a stored conversation; None where it is gone, which is told."""
        desk = self._desk
        conversation = desk.read(lambda: desk.store.conversation(conversation_id), None)
        if conversation is None:
            desk.listener.conversations_changed()
            return None
        return conversation.title

    def delete(self, conversation_id: int) -> bool:
        """Take a conversation out of the list; say whether that worked."""
        desk = self._desk
        return desk.guard(lambda: desk.store.delete(conversation_id))

    def undelete(self, conversation_id: int) -> bool:
        """Bring a deleted conversation back; say whether that worked."""
        desk = self._desk
        return desk.guard(lambda: desk.store.undelete(conversation_id))
