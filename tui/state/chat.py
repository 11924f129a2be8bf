"""What the chat screen shows: a conversation, the reply on its way, the model and the prompt."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.conversations import Conversation, StoredTurn
from engine.figures import figures_line
from engine.protocol import Failed, SamplingChange, Template, TokensCounted
from tui.state.model import ModelState, short_name
from tui.state.reply import Reply
from tui.state.turns import TurnLine

PENDING_MESSAGE_ID = -1
PENDING_REPLY_ID = -2
FAULT_ID = -3


class ChatState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the chat screen draws."""

    template: Template
    model: ModelState = ModelState()
    conversation: Conversation | None = None
    turns: tuple[StoredTurn, ...] = ()
    """The active path, root first."""
    lines: tuple[TurnLine, ...] = ()
    """`turns` as they are drawn; made once, as most never change."""
    reply: Reply | None = None
    variables: dict[str, str] = {}
    sampling: SamplingChange = SamplingChange()
    """What the person set for this conversation, over the template's."""
    editing: StoredTurn | None = None
    fault: Failed | None = None
    """The last thing that went wrong here; cleared by the next message."""
    counted: TokensCounted | None = None
    """The size of what would be sent now."""

    @property
    def conversation_id(self) -> int | None:
        """The id of the open conversation; None while it is new."""
        return self.conversation.id if self.conversation else None

    @property
    def busy(self) -> bool:
        """A reply is on its way, here or in another conversation."""
        return self.reply is not None and not self.reply.over

    @property
    def editing_needs_model(self) -> bool:
        """Sending now would ask the model; a person's own version of a reply would not."""
        return self.editing is None or self.editing.role == "user"

    @property
    def reply_here(self) -> Reply | None:
        """The reply on its way, where it belongs to the open conversation."""
        if self.reply is not None and self.reply.conversation_id == self.conversation_id:
            return self.reply
        return None

    def with_turns(self, turns: tuple[StoredTurn, ...]) -> ChatState:
        """The same screen with another active path."""
        known = {line.id: (turn, line) for turn, line in zip(self.turns, self.lines, strict=True)}
        lines = []
        for turn in turns:
            old = known.get(turn.id)
            lines.append(old[1] if old is not None and old[0] == turn else line_of(turn))
        return msgspec.structs.replace(self, turns=turns, lines=tuple(lines))


def line_of(turn: StoredTurn) -> TurnLine:
    """Draw a stored turn."""
    return TurnLine(
        id=turn.id,
        role=turn.role,
        label="You" if turn.role == "user" else _speaker(turn.model, turn.template),
        text=turn.text,
        figures=figures_line(turn.figures) if turn.figures and turn.role == "assistant" else "",
        note=turn.note,
        version=turn.version,
        versions=turn.versions,
    )


def shown_lines(state: ChatState) -> tuple[TurnLine, ...]:
    """What the transcript shows: the active path, and the reply on its way in its place."""
    reply = state.reply_here
    if reply is None:
        return state.lines + _fault_lines(state)
    if reply.turn_id is not None and state.turns and state.turns[-1].id == reply.turn_id:
        before, stored = state.lines[:-1], state.lines[-1]
        return (*before, _live(state, reply, stored))
    kept = path_until(state.turns, reply.parent_id)
    # The reply belongs to another branch where its place is not on this one: it is shown all the same.
    lines = list(state.lines if kept is None else state.lines[: len(kept)])
    if reply.message is not None:
        lines.append(TurnLine(id=PENDING_MESSAGE_ID, role="user", label="You", text=reply.message))
    lines.append(_live(state, reply, None))
    return tuple(lines)


def path_until(turns: Sequence[StoredTurn], turn_id: int | None) -> tuple[StoredTurn, ...] | None:
    """The part of a path that ends with a turn: empty for None, which is before the root; None where it isn't on it."""
    if turn_id is None:
        return ()
    for index, turn in enumerate(turns):
        if turn.id == turn_id:
            return tuple(turns[: index + 1])
    return None


def other_model(state: ChatState) -> str:
    """The model that answered last in the open conversation, where another one would now, or none; else empty."""
    written = state.conversation.model if state.conversation is not None and state.turns else ""
    if state.busy or state.model.phase == "loading" or written == state.model.ref:
        return ""
    return written


def dropped_turns(state: ChatState) -> int:
    """How many of the first turns no longer fit into the model's window."""
    if state.reply_here is not None and state.reply_here.request_id:
        return state.reply_here.dropped_turns
    return state.counted.dropped_turns if state.counted else 0


def used_tokens(state: ChatState) -> int:
    """How much of the window is taken: by the reply on its way, or by what would be sent now."""
    if state.reply_here is not None and state.reply_here.prompt_tokens:
        return state.reply_here.prompt_tokens + state.reply_here.tokens
    return state.counted.tokens if state.counted else 0


def _live(state: ChatState, reply: Reply, stored: TurnLine | None) -> TurnLine:
    speaker = _speaker(reply.asked.model or short_name(state.model.ref), reply.asked.prompt.template.name)
    note = ""
    if reply.phase == "waiting":
        note = f"waits until {short_name(state.model.ref)} is loaded"
    elif reply.failure is not None:
        note = words_of(reply.failure)
    return TurnLine(
        id=stored.id if stored else PENDING_REPLY_ID,
        role="assistant",
        label=stored.label if stored else speaker,
        text=reply.text,
        note=note,
        version=stored.version if stored else 1,
        versions=stored.versions if stored else 1,
        live=not reply.over,
    )


def _fault_lines(state: ChatState) -> tuple[TurnLine, ...]:
    if state.fault is None:
        return ()
    return (TurnLine(id=FAULT_ID, role="system", label="Tunesmith", text="", note=words_of(state.fault)),)


def words_of(failure: Failed) -> str:
    """An error as one paragraph: what failed, and what to do."""
    title = failure.title.rstrip(".")
    return f"{title}. {failure.hint}" if failure.hint else f"{title}."


def _speaker(model: str, template: str) -> str:
    return " · ".join(part for part in (model, template) if part) or "Model"
