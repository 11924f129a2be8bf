"""What crosses a process border: commands to the model host, and its events.

Frozen structs, nothing else. Commands are imperative, events are in the past tense. Every command has an
`id` that the sender chose; every event carries the id of the command that it answers, 0 where it answers none.
Sizes are bytes, times are seconds, counts are tokens; numbers stay numbers, and none is NaN.

    base       what every message is made of
    prompts    templates, turns, sampling
    models     a loaded model
    commands   what the host can be asked to do
    events     what happens in it
"""

from __future__ import annotations

from engine.protocol.base import (
    PROTOCOL_VERSION,
    BatchReason,
    FinishReason,
    Frozen,
    LoadStage,
    ModelKind,
    Normalisation,
    Role,
    TemplateKind,
)
from engine.protocol.commands import (
    AnyCommand,
    BatchItem,
    Cancel,
    Command,
    CountTokens,
    Generate,
    GenerateBatch,
    LoadModel,
    Question,
    Score,
    Shutdown,
    UnloadModel,
)
from engine.protocol.events import (
    AnyEvent,
    BatchFinished,
    Event,
    Failed,
    GenerationFinished,
    GenerationStarted,
    Hello,
    ItemFailed,
    Likelihood,
    LoadProgress,
    LogLine,
    ModelReady,
    ModelUnloaded,
    ReplyFinished,
    ReplyGrew,
    ReplyStarted,
    Scored,
    TokensCounted,
    TokensEmitted,
    UnknownEvent,
)
from engine.protocol.models import (
    Alternative,
    ModelInfo,
)
from engine.protocol.prompts import (
    Example,
    Prompt,
    Sampling,
    SamplingChange,
    Template,
    Turn,
    Variable,
)

__all__ = [
    "PROTOCOL_VERSION",
    "Alternative",
    "AnyCommand",
    "AnyEvent",
    "BatchFinished",
    "BatchItem",
    "BatchReason",
    "Cancel",
    "Command",
    "CountTokens",
    "Event",
    "Example",
    "Failed",
    "FinishReason",
    "Frozen",
    "Generate",
    "GenerateBatch",
    "GenerationFinished",
    "GenerationStarted",
    "Hello",
    "ItemFailed",
    "Likelihood",
    "LoadModel",
    "LoadProgress",
    "LoadStage",
    "LogLine",
    "ModelInfo",
    "ModelKind",
    "ModelReady",
    "ModelUnloaded",
    "Normalisation",
    "Prompt",
    "Question",
    "ReplyFinished",
    "ReplyGrew",
    "ReplyStarted",
    "Role",
    "Sampling",
    "SamplingChange",
    "Score",
    "Scored",
    "Shutdown",
    "Template",
    "TemplateKind",
    "TokensCounted",
    "TokensEmitted",
    "Turn",
    "UnknownEvent",
    "UnloadModel",
    "Variable",
]
