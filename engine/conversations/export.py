"""A conversation as a document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import msgspec

from engine.conversations.records import Conversation, Figures, StoredTurn
from engine.conversations.store import Store
from engine.figures import plural
from engine.protocol import Frozen

ExportFormat = Literal["markdown", "json"]
JSON_VERSION = 1
_SPEAKERS = {"system": "System", "user": "You", "assistant": "Reply"}
_ENDINGS = {
    "length": "stopped at the length limit",
    "context": "stopped at the end of the window",
    "cancelled": "stopped by hand",
    "failed": "failed",
    "streaming": "still being written",
    "interrupted": "interrupted",
}


class ConversationFile(Frozen, frozen=True, kw_only=True):
    """What the JSON export holds: everything that is stored, in all branches."""

    format: Literal["tunesmith-conversation"] = "tunesmith-conversation"
    version: int = JSON_VERSION
    conversation: Conversation
    turns: tuple[StoredTurn, ...]
    """The whole tree, parents before their children."""


def export(store: Store, conversation_id: int, format: ExportFormat) -> str:
    """Write a conversation: Markdown has the active branch to read, JSON the whole tree, lossless.

    Raises:
        ConversationNotFound: There is no such conversation.
    """
    return _WRITERS[format](store, conversation_id)


def _markdown(store: Store, conversation_id: int) -> str:
    conversation = store.conversation(conversation_id)
    started = datetime.fromtimestamp(conversation.created_s, UTC)
    facts = [("Model", conversation.model), ("Template", conversation.template)]
    facts += [(name, value) for name, value in conversation.variables.items()]
    facts += [("Started", f"{started:%Y-%m-%d %H:%M} UTC")]
    lines = "".join(f"- {name}: {' '.join(value.split())}\n" for name, value in facts if value)
    parts = [f"# {conversation.title or 'Untitled'}", lines]
    parts += [_section(turn) for turn in store.path(conversation_id)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _section(turn: StoredTurn) -> str:
    versions = f" ({turn.version} of {turn.versions})" if turn.versions > 1 else ""
    parts = [f"## {_SPEAKERS[turn.role]}{versions}", turn.text]
    if turn.note:
        parts.append(f"> Failed: {' '.join(turn.note.split())}")
    if turn.figures and (line := _figures_line(turn.model, turn.figures)):
        parts.append(f"*{line}*")
    return "\n\n".join(part for part in parts if part)


def _figures_line(model: str, figures: Figures) -> str:
    said = [model] if model else []
    if figures.tokens:
        said.append(plural(figures.tokens, "token"))
    if figures.tokens_per_s > 0:  # what was cut off was not measured
        said.append(f"{figures.tokens_per_s:.1f} tokens/s")
    if figures.first_token_s > 0:
        said.append(f"first token after {figures.first_token_s:.2f} s")
    if figures.seed is not None:
        said.append(f"seed {figures.seed}")
    if figures.dropped_turns:
        said.append(f"{plural(figures.dropped_turns, 'oldest turn')} left out")
    if figures.reason in _ENDINGS:
        said.append(_ENDINGS[figures.reason])
    return " · ".join(said)


def _json(store: Store, conversation_id: int) -> str:
    file = ConversationFile(conversation=store.conversation(conversation_id), turns=store.all_turns(conversation_id))
    return msgspec.json.format(msgspec.json.encode(file), indent=2).decode() + "\n"


_WRITERS: dict[ExportFormat, Callable[[Store, int], str]] = {"markdown": _markdown, "json": _json}
