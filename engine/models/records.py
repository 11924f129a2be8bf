"""What the parts of `engine.models` hand to one another and to their callers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from engine.protocol import ModelKind

Source = Literal["starter", "hub", "folder", "gguf", "run"]
Stage = Literal["finding", "downloading", "reading"]
"""`reading`: all bytes are here, and are made fit for use."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far finding or downloading has come; fields as in `engine.protocol.LoadProgress`."""

    stage: Stage
    file: str = ""
    done_bytes: int = 0
    total_bytes: int = 0
    """0 where it is not known yet."""
    bytes_per_s: float = 0.0
    eta_s: float | None = None


OnProgress = Callable[[Progress], None]
Cancelled = Callable[[], bool]
"""Asked several times a second; true ends the work with `engine.errors.Cancelled`."""


def no_progress(progress: Progress) -> None:
    """Report to nobody."""
    del progress


def never() -> bool:
    """Nobody cancels."""
    return False


class LocalModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model whose files are all here, checked as far as can be without loading it."""

    ref: str
    """Means the same from any working directory: folders and files are absolute."""
    name: str
    """What to call it on the screen."""
    folder: Path
    """Holds config, tokenizer and safetensors; for a .gguf file, the folder that it is in."""
    gguf_file: Path | None = None
    adapters: tuple[Path, ...] = ()
    """Folders of adapters to put around it, the innermost first."""

    @property
    def trained(self) -> Path:
        """Where the template of the training is looked for."""
        return self.adapters[-1] if self.adapters else self.folder


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a model's files say about it, read from their headers alone."""

    architecture: str = ""
    """As the config names it: gpt2, llama."""
    kind: ModelKind = "base"
    """instruct where there is a chat template."""
    parameters: int = 0
    size_bytes: int = 0
    """Of the weights on disk."""
    context_tokens: int = 0
    dtype: str = ""
    """The most common one of the weights: float32, bfloat16, Q4_1."""


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the model picker. Numbers are 0 where they are not known."""

    ref: str
    name: str
    source: Source
    kind: ModelKind = "base"
    architecture: str = ""
    parameters: int = 0
    size_bytes: int = 0
    """On disk where it is here, else what the download takes, roughly."""
    context_tokens: int = 0
    dtype: str = ""
    here: bool = False
    """Some of it is on this machine. Usable only where `fault` is empty."""
    resumable: bool = False
    """A download was cut short: getting or loading it goes on from there."""
    where: str = ""
    """The folder or file; empty for what is not here."""
    description: str = ""
    fault: str = ""
    """Why it can't be loaded as it is, in words."""

    @property
    def usable(self) -> bool:
        """Whether it opens without a download."""
        return self.here and not self.fault


def unreadable(entry: ModelEntry, error: OSError) -> ModelEntry:
    """Describe a model whose files the system does not let be read."""
    return msgspec.structs.replace(entry, here=True, fault=f"It could not be read: {error.strerror or error}")
