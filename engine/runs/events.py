"""What a trainer writes into `events.jsonl`: frozen structs in the past tense, one line of JSON each.

Counts are tokens or steps, times are seconds, sizes are bytes; numbers stay numbers, and none is NaN.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from engine import wire
from engine.protocol import Frozen

Outcome = Literal["completed", "stopped", "failed"]
PauseReason = Literal["asked", "disk-full"]


class RunEvent(Frozen, frozen=True, kw_only=True, tag=True):
    """Something that happened in a run. The writer fills in `seq` and `t`."""

    seq: int = 0
    """Counts up by one from 1 in each run, over pauses and deaths."""
    t: float = 0.0
    """Seconds since the epoch."""


class RunStarted(RunEvent, frozen=True, kw_only=True):
    """The trainer is up and holds the lock."""

    model: str
    method: str
    pid: int
    device: str = ""
    precision: str = ""
    threads: int = 0
    parameters: int = 0
    """Of the whole model."""
    trainable: int = 0
    learning_rate: float = 0.0
    processes: int = 1
    total_steps: int = 0


class Fetched(RunEvent, frozen=True, kw_only=True):
    """So much of what has to come from the hub first is here; told about once a second."""

    what: Literal["model", "data"]
    done_bytes: int
    total_bytes: int
    bytes_per_s: float = 0.0
    eta_s: float | None = None


class RowsRead(RunEvent, frozen=True, kw_only=True):
    """So many rows are turned into tokens; told about once a second, where it takes longer than that."""

    rows: int


class DataReady(RunEvent, frozen=True, kw_only=True):
    """The data is read, rendered and turned into tokens."""

    rows: int
    """Of the source, that are trained on."""
    evaluation_rows: int
    """Those that are held out."""
    pieces: int = 0
    """What `rows` come to where texts that are longer than a row may be go on in further pieces; 0 is not known."""
    tokens: int
    """Of one epoch, without padding."""
    trained_tokens: int
    """Those of them that the loss is taken on."""
    skipped_rows: int = 0
    truncated_rows: int = 0
    max_length: int = 0
    packed: bool = True


class PreflightDone(RunEvent, frozen=True, kw_only=True):
    """Two steps on the longest rows, one evaluation and one save were tried before the real start."""

    peak_memory_bytes: int
    free_memory_bytes: int
    seconds_per_step: float
    eta_s: float
    checkpoint_bytes: int
    checkpoints: int
    """How many will be kept at most."""
    free_disk_bytes: int
    fits: bool
    words: str
    """All of it in sentences, with what would make it fit where it does not."""


class StepDone(RunEvent, frozen=True, kw_only=True):
    """One optimiser step."""

    step: int
    epoch: float
    loss: float
    """Mean over the step's trained tokens, nats."""
    lr: float
    grad_norm: float
    """Before clipping."""
    tokens: int
    """Useful ones of this step: padding is not counted."""
    tokens_per_s: float
    seconds: float
    memory_bytes: int
    total_steps: int = 0


class EvalDone(RunEvent, frozen=True, kw_only=True):
    """The held-out rows were read."""

    step: int
    loss: float
    perplexity: float
    seconds: float
    tokens: int
    accuracy: float | None = None
    """Share of labelled rows whose right label scored highest; None where there are no labels."""
    generic_loss: float | None = None
    """On a text that has nothing to do with the data: a rise is forgetting."""
    best_loss: float = 0.0
    """The lowest so far, this one included."""
    best_step: int = 0


class ProbeSampled(RunEvent, frozen=True, kw_only=True):
    """What the model says to one of the fixed prompts, always with the same seed."""

    step: int
    index: int
    prompt: str
    text: str


class CheckpointSaved(RunEvent, frozen=True, kw_only=True):
    """A checkpoint is whole and can be opened."""

    step: int
    size_bytes: int
    seconds: float
    loss: float | None = None
    """Held out, where it was evaluated at this step."""
    best: bool = False


class Warned(RunEvent, frozen=True, kw_only=True):
    """Something that a person should know, and the run goes on."""

    title: str
    hint: str = ""


class RunPaused(RunEvent, frozen=True, kw_only=True):
    """The run stands still. After `asked` the process has ended; after `disk-full` it waits for space."""

    step: int
    reason: PauseReason
    words: str


class RunResumed(RunEvent, frozen=True, kw_only=True):
    """The run goes on behind this step: what was told of later steps is no longer so."""

    step: int
    pid: int = 0


class RunFinished(RunEvent, frozen=True, kw_only=True):
    """The end of the run."""

    outcome: Outcome
    step: int
    why: str = ""
    """For `failed`: what happened, in words."""
    hint: str = ""
    seconds: float = 0.0
    """Of training, pauses not counted."""


class UnknownRunEvent(RunEvent, frozen=True, kw_only=True):
    """A line that is torn or of another version; never written."""

    raw: str


AnyRunEvent = (
    RunStarted
    | Fetched
    | RowsRead
    | DataReady
    | PreflightDone
    | StepDone
    | EvalDone
    | ProbeSampled
    | CheckpointSaved
    | Warned
    | RunPaused
    | RunResumed
    | RunFinished
)

_decoder: msgspec.json.Decoder[AnyRunEvent] = msgspec.json.Decoder(AnyRunEvent)


def encode_run_event(event: RunEvent) -> bytes:
    """Write an event as one line, its newline included."""
    return wire.encode(event)


def decode_run_event(line: bytes) -> AnyRunEvent | UnknownRunEvent:
    """Read a line; whatever can't be read becomes an `UnknownRunEvent`, so that no line can break a reader."""
    try:
        return _decoder.decode(line)
    except wire.UNREADABLE:
        return UnknownRunEvent(raw=line.decode("utf-8", "replace").rstrip("\n"))
