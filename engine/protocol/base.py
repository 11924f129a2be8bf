"""What every message is made of, and the words that messages choose from."""

from __future__ import annotations

from typing import Literal

import msgspec

PROTOCOL_VERSION = 2

Role = Literal["system", "user", "assistant"]
TemplateKind = Literal["completion", "chat"]
ModelKind = Literal["base", "instruct"]
LoadStage = Literal["finding", "downloading", "importing", "converting", "reading", "placing"]
FinishReason = Literal["stop", "length", "context", "cancelled"]
BatchReason = Literal["completed", "cancelled"]
Normalisation = Literal["choice", "token", "character", "none"]
"""How the likelihoods of texts of unlike length are made comparable; see `engine.likelihood`."""


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """The common base: immutable, keywords only."""
