"""Prompts: templates, turns, and how the reply is sampled."""

from __future__ import annotations

import msgspec

from engine.protocol.base import Frozen, Role, TemplateKind


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
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    reply_start: str = ""
    """Text that the reply already has: the model continues it."""
