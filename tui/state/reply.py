"""The reply that is on its way, and how events make it grow."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.conversations import Figures, Reason, StoredTurn
from engine.protocol import (
    AnyEvent,
    Failed,
    GenerationFinished,
    GenerationStarted,
    Prompt,
    Sampling,
    SamplingChange,
    TokensEmitted,
    UnknownEvent,
)

Phase = Literal["waiting", "reading", "writing", "finished", "failed"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply was asked for with; what is chosen later, here or in another conversation, doesn't change it."""

    prompt: Prompt
    sampling: Sampling
    change: SamplingChange = SamplingChange()
    """What of the sampling the person set."""
    ref: str = ""
    """The model that answers; empty while it waits for one."""
    model: str = ""
    """The same by its name."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One reply, from the moment that it is asked for until it is stored whole."""

    conversation_id: int | None
    """None: the conversation begins with this message and is not stored yet."""
    parent_id: int | None
    """The turn that the new message, or the reply itself, hangs on."""
    asked: Asked
    message: str | None = None
    """What the person typed, until it is stored; None where a stored turn is answered."""
    replaces: StoredTurn | None = None
    """The turn that the message is an edit of."""
    turn_id: int | None = None
    """The reply's own turn, once it is stored."""
    request_id: int = 0
    """0 while it waits for the model to load."""
    phase: Phase = "waiting"
    start: str = ""
    """What the reply had already, when it is continued."""
    text: str = ""
    """All of it, `start` included."""
    tokens: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    dropped_turns: int = 0
    seed: int | None = None
    figures: Figures | None = None
    failure: Failed | None = None

    @property
    def over(self) -> bool:
        """Nothing more comes."""
        return self.phase in {"finished", "failed"}

    @property
    def worth_keeping(self) -> bool:
        """There is something that must not be lost; before this, the message goes back to the composer."""
        return self.tokens > 0 or self.phase == "finished"

    def ask(self, request_id: int, *, ref: str, model: str) -> Reply:
        """The host was asked, with this model in it."""
        asked = msgspec.structs.replace(self.asked, ref=ref, model=model)
        return msgspec.structs.replace(self, request_id=request_id, phase="reading", asked=asked)

    def apply(self, event: AnyEvent | UnknownEvent) -> Reply:
        """The reply after an event; events of other requests change nothing."""
        if not self.request_id or event.id != self.request_id or self.over:
            return self
        match event:
            case GenerationStarted():
                return msgspec.structs.replace(
                    self,
                    prompt_tokens=event.prompt_tokens,
                    cached_tokens=event.cached_tokens,
                    dropped_turns=event.dropped_turns,
                    seed=event.seed,
                )
            case TokensEmitted():
                return msgspec.structs.replace(
                    self, phase="writing", text=self.text + event.text, tokens=self.tokens + len(event.ids)
                )
            case GenerationFinished():
                return self._finished(event)
            case Failed():
                return msgspec.structs.replace(
                    self, phase="failed", failure=event, figures=self._figures(reason="failed")
                )
            case _:
                return self

    def so_far(self) -> Figures:
        """The figures to store while it streams."""
        return self._figures(reason="streaming")

    def _finished(self, event: GenerationFinished) -> Reply:
        if event.reason == "cancelled" and event.tokens == 0:
            return msgspec.structs.replace(self, phase="failed")
        figures = msgspec.structs.replace(
            self._figures(reason=event.reason),
            seconds=event.seconds,
            first_token_s=event.first_token_s,
            tokens_per_s=event.tokens_per_s,
            stop_text=event.stop_text,
        )
        return msgspec.structs.replace(self, phase="finished", figures=figures)

    def _figures(self, *, reason: Reason) -> Figures:
        return Figures(
            tokens=self.tokens,
            prompt_tokens=self.prompt_tokens,
            seconds=0.0,
            first_token_s=0.0,
            tokens_per_s=0.0,
            reason=reason,
            seed=self.seed,
            dropped_turns=self.dropped_turns,
            cached_tokens=self.cached_tokens,
            continued=bool(self.start),
            sampling=self.asked.sampling,
        )
