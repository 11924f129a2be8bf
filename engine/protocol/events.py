"""What happens in the host."""

from __future__ import annotations

from typing import Literal

from engine.protocol.base import PROTOCOL_VERSION, BatchReason, FinishReason, Frozen, LoadStage
from engine.protocol.models import Alternative, ModelInfo


class Event(Frozen, frozen=True, tag=True):
    """Something that happened in the host."""

    id: int
    """The command that this answers; 0 where there is none."""


class Hello(Event, frozen=True):
    """The host is up; it goes on importing what it needs."""

    version: str
    pid: int
    protocol: int = PROTOCOL_VERSION


class LoadProgress(Event, frozen=True):
    """How far a load has come."""

    stage: LoadStage
    file: str = ""
    done_bytes: int = 0
    total_bytes: int = 0
    """0 where it is not known yet."""
    bytes_per_s: float = 0.0
    eta_s: float | None = None


class ModelReady(Event, frozen=True):
    """The model answers from now on."""

    model: ModelInfo
    seconds: float


class ModelUnloaded(Event, frozen=True):
    """No model is loaded any more."""


class GenerationStarted(Event, frozen=True):
    """The prompt was rendered and fitted; the first token comes next."""

    prompt_tokens: int
    cached_tokens: int
    """How many of the prompt's tokens the key-value cache already held."""
    context_tokens: int
    dropped_turns: int
    """How many of the oldest turns did not fit and were left out."""
    seed: int


class TokensEmitted(Event, frozen=True):
    """More text. The texts of one reply, joined, are the reply."""

    text: str
    """May be empty while a character is incomplete or may be the start of a stop string."""
    ids: tuple[int, ...]
    logprobs: tuple[float, ...] = ()
    alternatives: tuple[tuple[Alternative, ...], ...] = ()


class GenerationFinished(Event, frozen=True):
    """The reply is over."""

    reason: FinishReason
    tokens: int
    prompt_tokens: int
    seconds: float
    """From the command's start to the last token."""
    first_token_s: float
    tokens_per_s: float
    """After the first token."""
    stop_text: str = ""
    """The stop string that was met, which is not part of the reply; empty for an end-of-text token."""


class ReplyStarted(Event, frozen=True):
    """A prompt of a batch was rendered and fitted. Fields as in `GenerationStarted`."""

    item: int
    """Its place in the batch."""
    prompt_tokens: int
    dropped_turns: int
    seed: int


class ReplyGrew(Event, frozen=True):
    """More text of a reply of a batch. The texts of one item, joined, are its reply."""

    item: int
    text: str
    tokens: int
    """How many came with this text."""


class ReplyFinished(Event, frozen=True):
    """A reply of a batch is over. Fields as in `GenerationFinished`."""

    item: int
    reason: FinishReason
    tokens: int
    prompt_tokens: int
    seconds: float
    """From the batch's start to the reply's last token."""
    stop_text: str = ""


class Likelihood(Frozen, frozen=True):
    """How likely a text is behind a prompt."""

    logprob: float
    """The sum over its tokens, nats."""
    tokens: int
    """As it is encoded behind the prompt."""
    characters: int
    share: float
    """Of all the continuations of the question; they add up to 1."""


class Scored(Event, frozen=True):
    """A question is answered."""

    item: int
    """Its place among the questions."""
    continuations: tuple[Likelihood, ...]
    prompt_tokens: int
    dropped_turns: int


class ItemFailed(Event, frozen=True):
    """An item of a batch did not succeed; the others go on. Fields as in `Failed`."""

    item: int
    code: str
    title: str
    hint: str = ""


class BatchFinished(Event, frozen=True):
    """All items of a `GenerateBatch` or a `Score` have been answered, or nobody wants the rest."""

    reason: BatchReason
    done: int
    failed: int
    seconds: float


class TokensCounted(Event, frozen=True):
    """The size of a rendered prompt, and the prompt itself where that was asked for."""

    tokens: int
    """With the token that is put in front."""
    context_tokens: int
    dropped_turns: int
    """How many of the oldest turns did not fit and were left out."""
    text: str = ""
    """The prompt as rendered, without the turns that did not fit."""
    beginning: str = ""
    """The text of the token that is put in front of it; empty where none is."""
    pieces: tuple[str, ...] = ()
    """The texts of the tokens, from the first on, where they were asked for; of very many only the first."""


class Failed(Event, frozen=True):
    """The command did not succeed. Fields as in `engine.errors`."""

    code: str
    title: str
    hint: str = ""


class LogLine(Event, frozen=True):
    """A line for the log view."""

    level: Literal["debug", "info", "warning", "error"]
    text: str


class UnknownEvent(Event, frozen=True):
    """A line that this version does not understand; never sent."""

    kind: str
    raw: str


AnyEvent = (
    Hello
    | LoadProgress
    | ModelReady
    | ModelUnloaded
    | GenerationStarted
    | TokensEmitted
    | GenerationFinished
    | ReplyStarted
    | ReplyGrew
    | ReplyFinished
    | Scored
    | ItemFailed
    | BatchFinished
    | TokensCounted
    | Failed
    | LogLine
)
