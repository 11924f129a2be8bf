"""What every check comes to."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

State = Literal["ok", "note", "warning", "broken"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    group: str
    name: str
    state: State
    found: str
    hint: str = ""
    """What to do; empty where nothing need be done."""
    seconds: float | UnsetType = UNSET
    """What was timed; left out of JSON where nothing was."""
    tokens_per_s: float | UnsetType = UNSET
