"""Which sampling values make sense, and how those of several places add up to one."""

from __future__ import annotations

import math

import msgspec

from engine.errors import Misuse
from engine.fields import Fields, kind_of
from engine.protocol import Sampling, SamplingChange


class Limits(msgspec.Struct, frozen=True):
    """What one field of a `Sampling` may be."""

    low: float
    high: float
    whole: bool = False
    low_excluded: bool = False

    def __str__(self) -> str:
        """As the end of the sentence "it has to be ..."."""
        kind = "a whole number" if self.whole else "a number"
        if self.low_excluded:
            return f"{kind} above {self.low:g} and at most {self.high:g}"
        high = f"{int(self.high):,}" if self.whole else f"{self.high:g}"
        return f"{kind} from {self.low:g} to {high}"

    def admit(self, value: float) -> bool:
        """Whether a value is inside."""
        if isinstance(value, bool) or not (isinstance(value, int) or (math.isfinite(value) and not self.whole)):
            return False
        return self.low <= value <= self.high and not (self.low_excluded and value == self.low)


LIMITS: dict[str, Limits] = {
    "temperature": Limits(0, 100),
    "top_k": Limits(0, 10_000_000, whole=True),
    "top_p": Limits(0, 1, low_excluded=True),
    "min_p": Limits(0, 1),
    "repetition_penalty": Limits(0.01, 100),
    "max_new_tokens": Limits(1, 10_000_000, whole=True),
    "seed": Limits(0, 2**63 - 1, whole=True),
}
"""For every field of a `Sampling`, in its order."""


def sampling_faults(sampling: Sampling | SamplingChange) -> dict[str, str]:
    """What is wrong, in words, by field; empty where nothing is. A field that is None is not set."""
    faults = {}
    for field, limits in LIMITS.items():
        value = getattr(sampling, field)
        if value is not None and not limits.admit(value):
            faults[field] = f"{field} is {value}; it has to be {limits}"
    return faults


def check_sampling(sampling: Sampling | SamplingChange) -> None:
    """Refuse values that can't be right, all at once.

    Raises:
        Misuse: Some value is outside its limits.
    """
    if faults := sampling_faults(sampling):
        title, *more = faults.values()
        raise Misuse(title, ". ".join(more))


def sampling_for(*changes: SamplingChange | None) -> Sampling:
    """The program's defaults with changes on top, the last one winning.

    The order everywhere is: settings, the template, the conversation or the command line's flags.
    """
    result = Sampling()
    for change in changes:
        if change is not None:
            result = msgspec.structs.replace(result, **_set_fields(change))
    return result


def merged(*changes: SamplingChange | None) -> SamplingChange:
    """Several changes as one, the last one winning."""
    fields: dict[str, float | int] = {}
    for change in changes:
        if change is not None:
            fields.update(_set_fields(change))
    return SamplingChange(**fields)  # type: ignore[arg-type]


def read_sampling(fields: Fields) -> SamplingChange:
    """Read a [sampling] table; what is wrong is left out and kept as a problem of the file."""
    values: dict[str, float | int | None] = {}
    for field, limits in LIMITS.items():
        value = fields.whole(field) if limits.whole else fields.number(field)
        if value is not None and not limits.admit(value):
            fields.complain(field, f"{field} is {kind_of(value)}", f"It has to be {limits}")
            value = None
        values[field] = value
    fields.finish()
    return SamplingChange(**values)  # type: ignore[arg-type]


def _set_fields(change: SamplingChange) -> dict[str, float | int]:
    return {field: value for field in LIMITS if (value := getattr(change, field)) is not None}
