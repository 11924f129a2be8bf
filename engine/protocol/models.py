"""A loaded model, and what it could have said instead."""

from __future__ import annotations

from engine.protocol.base import Frozen, ModelKind
from engine.protocol.prompts import Template


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
