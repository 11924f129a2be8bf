"""Replies: asked for, kept as they come, and given back where nothing came."""

from __future__ import annotations

from engine.conversations import StoredTurn
from engine.protocol import Failed, Generate, Turn
from tui.session.desk import Desk
from tui.session.drafts import Drafts
from tui.session.keeping import Keeping
from tui.session.model import Model
from tui.session.prompting import Prompting, as_prompt
from tui.state.chat import path_until
from tui.state.reply import Reply


class Replies:
    """One reply at a time."""

    def __init__(self, desk: Desk, model: Model, prompting: Prompting, drafts: Drafts) -> None:
        """Work on a desk, with its model, its prompts and what was typed."""
        self._desk = desk
        self._model = model
        self._prompting = prompting
        self._drafts = drafts
        self._keeping = Keeping(desk, drafts)

    # What a person asks for

    def send(self, text: str) -> bool:
        """Send a message; while an own turn is edited, as its new version.

        Returns:
            Whether it is on its way. It is not while what was said before can't be stored.
        """
        desk = self._desk
        if not self._keeping.settle() or not self._walk_to_edited():
            return False
        state = desk.state
        before = path_until(state.turns, state.editing.parent_id) if state.editing else state.turns
        if before is None:
            return False
        turns = (*as_prompt(before), Turn(role="user", text=text))
        reply = Reply(
            conversation_id=state.conversation_id,
            parent_id=before[-1].id if before else None,
            message=text,
            replaces=state.editing,
            asked=self._prompting.asked(turns),
        )
        if state.editing is not None:
            self._drafts.save(text)  # as the edit that it is, until it is answered
        desk.put(editing=None)
        self._ask(reply)
        return True

    def regenerate(self, turn: StoredTurn) -> None:
        """Answer the same message again, as a new version."""
        self._answer(turn.id if turn.role == "user" else turn.parent_id, start="")

    def continue_from(self, turn: StoredTurn) -> None:
        """Let the model go on from the end of a reply, as a new version; a message is simply answered."""
        if turn.role == "user":
            self.regenerate(turn)
        else:
            self._answer(turn.parent_id, start=turn.text)

    def stop(self) -> None:
        """Stop the reply; what is there stays."""
        reply = self._desk.state.reply
        if reply is None or reply.over:
            return
        if reply.phase == "waiting":
            self.withdraw(None)
        else:
            self._desk.bridge.cancel(reply.request_id)

    def _walk_to_edited(self) -> bool:
        """Show the branch of the turn that is edited, where another one is shown; say whether that worked."""
        desk, editing = self._desk, self._desk.state.editing
        if editing is None or any(turn.id == editing.id for turn in desk.state.turns):
            return True
        if not desk.guard(lambda: desk.store.select(editing.id)):
            return False
        desk.reload()
        return desk.state.editing == editing

    def _answer(self, parent_id: int | None, *, start: str) -> None:
        if not self._keeping.settle():
            return
        path = path_until(self._desk.state.turns, parent_id)
        if not path:
            return
        self._ask(
            Reply(
                conversation_id=self._desk.state.conversation_id,
                parent_id=path[-1].id,
                start=start,
                text=start,
                asked=self._prompting.asked(as_prompt(path), start=start),
            )
        )

    def _ask(self, reply: Reply) -> None:
        desk = self._desk
        self._keeping.begin()
        if desk.state.model.info is not None and desk.bridge.client.model is not None:
            desk.change(reply=self._generate(reply), fault=None)
            return
        desk.change(reply=reply, fault=None)
        if desk.state.model.phase != "loading":
            self._model.load(desk.state.model.ref)

    def _generate(self, reply: Reply) -> Reply:
        desk, info = self._desk, self._desk.state.model.info
        request_id = desk.bridge.client.next_id()
        desk.bridge.run(Generate(id=request_id, prompt=reply.asked.prompt, sampling=reply.asked.sampling))
        ref = desk.state.model.ref
        return reply.ask(request_id, ref=ref, model=info.name if info else ref)

    # What happens to it

    def begin_waiting(self) -> None:
        """The model is there: ask for the reply that waits for it."""
        reply = self._desk.state.reply
        if reply is not None and reply.phase == "waiting":
            self._desk.put(reply=self._generate(self._prompting.suited(reply)))

    def withdraw(self, failure: Failed | None) -> None:
        """Nothing came: the message goes back to where it was typed."""
        desk, reply = self._desk, self._desk.state.reply
        if reply is None:
            return
        desk.put(reply=None, fault=failure or desk.state.fault)
        self._drafts.give_back(reply)
        desk.listener.state_changed()

    def keep(self) -> None:
        """Store the reply and what was typed, where it is time to; called with each event, and now and then."""
        reply = self._desk.state.reply
        if reply is not None and reply.over and not reply.worth_keeping:
            self.withdraw(reply.failure)
        elif reply is not None and reply.worth_keeping:
            self._keeping.keep(reply)

    def cut(self) -> None:
        """The program ends: store what is there of a reply that was coming."""
        self._keeping.cut()
