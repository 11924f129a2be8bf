"""What crosses a process border: commands to the model host, and its events.

Frozen structs, nothing else. Commands are imperative, events are in the past tense. Every command has an
`id` that the sender chose; every event carries the id of the command that it answers, 0 where it answers none.
Sizes are bytes, times are seconds, counts are tokens; numbers stay numbers, and none is NaN.
"""

from __future__ import annotations

from typing import Literal

import msgspec

PROTOCOL_VERSION = 1

Role = Literal["system", "user", "assistant"]
TemplateKind = Literal["completion", "chat"]
ModelKind = Literal["base", "instruct"]
LoadStage = Literal["finding", "downloading", "importing", "converting", "reading", "placing"]
FinishReason = Literal["stop", "length", "context", "cancelled"]


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """The common base: immutable, keywords only."""


# What commands and events are made of


class Sampling(Frozen, frozen=True):
    """How the next token is chosen from the logits."""

    temperature: float = 0.8
    """Divides the logits; 0 is greedy decoding, in which nothing is random."""
    top_k: int = 50
    """Keep the k most likely tokens; 0 keeps all."""
    top_p: float = 0.95
    """Keep the smallest set of tokens whose probabilities add up to this; 1 keeps all."""
    min_p: float = 0.0
    """Keep tokens at least this likely relative to the likeliest; 0 keeps all."""
    repetition_penalty: float = 1.0
    """Divides positive and multiplies negative logits of tokens already seen; 1 is none (Keskar et al., 2019)."""
    max_new_tokens: int = 256
    seed: int | None = None
    """None: the host draws one, and says which in `GenerationStarted`."""


class SamplingChange(Frozen, frozen=True, omit_defaults=True):
    """The fields of a `Sampling` that somebody set; None leaves a field alone."""

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    max_new_tokens: int | None = None
    seed: int | None = None


class Variable(Frozen, frozen=True):
    """A blank in a template, filled in from a form."""

    name: str
    default: str = ""
    label: str = ""
    """What the form calls it; the name where empty."""


class Example(Frozen, frozen=True):
    """A few-shot example that the template shows the model."""

    input: str
    output: str


class Template(Frozen, frozen=True):
    """A prompt template: how turns and variables become the text that the model sees."""

    id: str
    """The file's stem: what the command line calls it and what conversations remember."""
    name: str
    kind: TemplateKind
    body: str
    """Jinja2; empty in the one template that uses the tokenizer's own."""
    description: str = ""
    variables: tuple[Variable, ...] = ()
    examples: tuple[Example, ...] = ()
    stop: tuple[str, ...] = ()
    sampling: SamplingChange = SamplingChange()
    uses_chat_template: bool = False
    """Render the tokenizer's chat template instead of `body`."""


class Turn(Frozen, frozen=True):
    """One turn of a conversation, as a template sees it."""

    role: Role
    text: str


class Prompt(Frozen, frozen=True):
    """All that is needed to render what the model will see."""

    template: Template
    turns: tuple[Turn, ...]
    """Oldest first; the last is the message to answer."""
    variables: dict[str, str] = {}
    reply_start: str = ""
    """Text that the reply already has: the model continues it."""


class ModelInfo(Frozen, frozen=True):
    """A loaded model."""

    ref: str
    """The reference that was asked for."""
    name: str
    """What to call it on the screen."""
    architecture: str
    """As the config names it: gpt2, llama."""
    kind: ModelKind
    parameters: int
    size_bytes: int
    """In memory."""
    context_tokens: int
    """The window: prompt and reply together."""
    vocabulary: int
    device: str
    dtype: str
    chat_template: str = ""
    """The tokenizer's own, empty where it has none."""
    bos_token: str = ""
    eos_token: str = ""
    template: Template | None = None
    """The prompt template that it was trained with, where one is known."""


class Alternative(Frozen, frozen=True):
    """A token that could have come instead."""

    text: str
    id: int
    logprob: float


# Commands


class Command(Frozen, frozen=True, tag=True):
    """Something the host is asked to do."""

    id: int


class LoadModel(Command, frozen=True):
    """Make this the current model; the one before stays until the new one is ready."""

    ref: str
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    dtype: str = "auto"
    """auto, float32, float16 or bfloat16."""
    threads: int = 0
    """Torch's threads for one operation; 0 lets the host choose."""


class UnloadModel(Command, frozen=True):
    """Give the model's memory back."""


class Generate(Command, frozen=True):
    """Answer a prompt with the current model."""

    prompt: Prompt
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """Beside the template's own stop strings."""
    top_logprobs: int = 0
    """How many alternatives to report for each token; 0 reports none."""


class CountTokens(Command, frozen=True):
    """Render a prompt and count it, without generating; answered at once, also during a reply."""

    prompt: Prompt
    max_new_tokens: int = 0
    """Room to keep free for the reply, as `Generate` would."""
    with_text: bool = False
    """Tell the text too: exactly what the model would see."""


class Cancel(Command, frozen=True):
    """End another command early; it answers for itself."""

    target: int


class Shutdown(Command, frozen=True):
    """End the host; closing its stdin does the same."""


AnyCommand = LoadModel | UnloadModel | Generate | CountTokens | Cancel | Shutdown


# Events


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
    | TokensCounted
    | Failed
    | LogLine
)
