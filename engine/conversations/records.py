"""What the store hands out: frozen records of conversations, turns and search hits."""

from __future__ import annotations

import json
import sqlite3
from typing import Literal

import msgspec

from engine.conversations.titles import storable
from engine.protocol import Frozen, Role, Sampling, SamplingChange

Reason = Literal["stop", "length", "context", "cancelled", "failed", "streaming", "interrupted"]
"""Why a reply is as long as it is; `streaming` while it grows, `interrupted` when the program died under it."""


class Figures(Frozen, frozen=True, kw_only=True):
    """What was measured of one reply. Counts are tokens, times are seconds."""

    tokens: int = 0
    prompt_tokens: int = 0
    seconds: float = 0.0
    """From the request to the last token."""
    first_token_s: float = 0.0
    tokens_per_s: float = 0.0
    """After the first token."""
    reason: Reason = "streaming"
    seed: int | None = None
    dropped_turns: int = 0
    """How many of the oldest turns did not fit the model's window."""
    cached_tokens: int = 0
    """How many of the prompt's tokens the key-value cache already held."""
    stop_text: str = ""
    continued: bool = False
    """The reply had a beginning already, which these figures and the seed did not make."""
    sampling: Sampling | None = None
    """What it was sampled with; with the seed above, all that it takes to repeat it."""


class Conversation(Frozen, frozen=True, kw_only=True):
    """One conversation, without its turns. Times are seconds since the epoch."""

    id: int
    title: str
    created_s: float
    updated_s: float
    """When a turn was last added or finished; drafts and renaming leave it."""
    model: str
    template: str
    variables: dict[str, str]
    sampling: SamplingChange
    draft: str
    """What was typed and not sent, after a message whose answer has not begun."""
    head_id: int | None
    """The last turn of the active branch; None while there is no turn."""
    turns: int
    """In the whole tree, not only on the active branch."""


class NewConversation(Frozen, frozen=True, kw_only=True):
    """What a conversation that is not stored yet begins with."""

    model: str = ""
    template: str = ""
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    sampling: SamplingChange = SamplingChange()


class NewTurn(Frozen, frozen=True, kw_only=True):
    """A turn that is not stored yet."""

    role: Role
    text: str = ""
    model: str = ""
    template: str = ""
    sampling: SamplingChange | None = None
    figures: Figures | None = None

    @property
    def streams(self) -> bool:
        """Whether it is a reply that will be streamed into."""
        if self.figures is not None:
            return self.figures.reason == "streaming"
        return self.role == "assistant" and not self.text


class StoredTurn(Frozen, frozen=True, kw_only=True):
    """One turn, with its place in the tree."""

    id: int
    conversation_id: int
    parent_id: int | None
    role: Role
    text: str
    created_s: float
    model: str
    template: str
    sampling: SamplingChange | None
    figures: Figures | None
    note: str
    """Why the reply failed, in words; empty where it did not."""
    version: int
    """The 1-based place among the turns with the same parent."""
    versions: int
    """How many turns have the same parent."""


class Hit(Frozen, frozen=True, kw_only=True):
    """A turn, or a title, that a search found."""

    conversation_id: int
    turn_id: int | None
    """None where only the title matched."""
    title: str
    snippet: str
    """One line of text around the first match, as it was stored: make it visible before it is shown."""
    role: Role | None
    created_s: float


_variables = msgspec.json.Decoder(dict[str, str])
_sampling = msgspec.json.Decoder(SamplingChange)
_figures = msgspec.json.Decoder(Figures)


def encode(value: dict[str, str] | SamplingChange | Figures | NewConversation) -> str:
    """Write a value for a text column."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        # A lone surrogate: json writes it as it is, where it can be replaced.
        return storable(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))


def decode_figures(text: str) -> Figures:
    """Read the figures column."""
    return _figures.decode(text)


def joined(waiting: str, typed: str) -> str:
    """A message whose answer has not begun, and what was typed after it, as one draft."""
    return "\n\n".join(part for part in (waiting, typed) if part)


def read_conversation(row: sqlite3.Row) -> Conversation:
    """Make a conversation of a row that has its columns, in any order."""
    return Conversation(
        id=row["id"],
        title=row["title"],
        created_s=row["created_s"],
        updated_s=row["updated_s"],
        model=row["model"],
        template=row["template"],
        variables=_variables.decode(row["variables"]),
        sampling=_sampling.decode(row["sampling"]),
        draft=joined(row["waiting"], row["draft"]),
        head_id=row["head_id"],
        turns=row["turns"],
    )


def read_turn(row: sqlite3.Row) -> StoredTurn:
    """Make a turn of a row that has its columns and the computed `version` and `versions`."""
    return StoredTurn(
        id=row["id"],
        conversation_id=row["conversation_id"],
        parent_id=row["parent_id"],
        role=row["role"],
        text=row["text"],
        created_s=row["created_s"],
        model=row["model"],
        template=row["template"],
        sampling=_sampling.decode(row["sampling"]) if row["sampling"] else None,
        figures=_figures.decode(row["figures"]) if row["figures"] else None,
        note=row["note"],
        version=row["version"],
        versions=row["versions"],
    )
