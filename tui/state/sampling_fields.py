"""The form for the sampling: its fields, what is typed into them, and what the values mean, in words."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.protocol import Sampling, SamplingChange
from engine.sampling import LIMITS


class Field(msgspec.Struct, frozen=True):
    """One field of the form."""

    name: str
    """Of the field in `Sampling`."""
    label: str
    meaning: str
    """Unit and effect, in one line."""
    brief: str
    """The same for a narrow screen: 40 cells at most."""


FIELDS = (
    Field(
        "temperature",
        "Temperature",
        "0 takes the likeliest; 1 draws as the model says",
        "0: the likeliest; 1: as the model says",
    ),
    Field(
        "top_k",
        "Top-k",
        "draws from this many of the likeliest; 0 from all",
        "draw from this many tokens; 0: all",
    ),
    Field(
        "top_p",
        "Top-p",
        "draws from the likeliest that add up to this; 1 from all",
        "draw from the likeliest share; 1: all",
    ),
    Field(
        "min_p",
        "Min-p",
        "drops tokens below this share of the likeliest; 0 none",
        "least share of the likeliest; 0: any",
    ),
    Field(
        "repetition_penalty",
        "Repetition penalty",
        "above 1 avoids what was there before; 1 does nothing",
        "above 1 avoids repeating; 1: no effect",
    ),
    Field(
        "max_new_tokens",
        "Longest reply",
        "in tokens; a reply that ends there can be continued",
        "in tokens",
    ),
    Field(
        "seed",
        "Seed",
        "a number repeats the same reply; blank draws a new one",
        "repeats a reply; blank: a new one",
    ),
)


class Reading(msgspec.Struct, frozen=True):
    """What the form says now."""

    sampling: Sampling
    """With the default wherever a field is blank or faulty."""
    faults: dict[str, str]
    """What is wrong, in words, by field."""


def texts_of(sampling: Sampling) -> dict[str, str]:
    """What stands in the form for a sampling, by field."""
    return {field.name: text_of(getattr(sampling, field.name)) for field in FIELDS}


def text_of(value: float | None) -> str:
    """A value as it is typed; blank for None."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.10g}"


def read(texts: Mapping[str, str], defaults: Sampling) -> Reading:
    """Read what was typed. A blank field means the default."""
    values: dict[str, float | int] = {}
    faults: dict[str, str] = {}
    for field in FIELDS:
        text = texts.get(field.name, "").strip()
        if not text:
            continue
        limits = LIMITS[field.name]
        value = _number(text, whole=limits.whole)
        if value is None or not limits.admit(value):
            faults[field.name] = f"it has to be {limits}"
        else:
            values[field.name] = value
    return Reading(msgspec.structs.replace(defaults, **values), faults)


def _number(text: str, *, whole: bool) -> float | int | None:
    try:
        return int(text) if whole else float(text.replace(",", "."))
    except ValueError:
        return None


def change_between(defaults: Sampling, sampling: Sampling) -> SamplingChange:
    """The fields in which a sampling differs from the defaults."""
    values = {field.name: getattr(sampling, field.name) for field in FIELDS}
    return SamplingChange(**{name: value for name, value in values.items() if value != getattr(defaults, name)})


def summary(sampling: Sampling) -> str:
    """Say what a sampling does, in a few plain sentences."""
    sentences = [_choice(sampling)]
    if sampling.repetition_penalty > 1:
        sentences.append("Avoids tokens that were there before.")
    elif sampling.repetition_penalty < 1:
        sentences.append("Favours tokens that were there before.")
    limit = sampling.max_new_tokens
    sentences.append(f"Ends after {limit:,} tokens at the latest." if limit > 1 else "Ends after one token.")
    if sampling.temperature > 0:
        new = "A new seed for every reply."
        sentences.append(new if sampling.seed is None else f"With the seed {sampling.seed} it can be repeated exactly.")
    return " ".join(sentences)


def _choice(sampling: Sampling) -> str:
    if sampling.temperature == 0:
        return "Takes the likeliest token each time: the same prompt always gets the same reply."
    if sampling.top_k == 1:
        return "Draws from one token only: the likeliest, each time."
    limits = []
    if sampling.top_k:
        limits.append(f"the {sampling.top_k:,} likeliest tokens")
    if sampling.top_p < 1:
        limits.append(f"those that make up {100 * sampling.top_p:g} % of the probability")
    if sampling.min_p > 0:
        limits.append(f"those at least {100 * sampling.min_p:g} % as likely as the likeliest")
    source = ", of these ".join(limits) if limits else "all tokens"
    return f"Draws each token from {source}, {_spread(sampling.temperature)}."


def _spread(temperature: float) -> str:
    if temperature < 0.5:
        return "nearly always one of the likeliest"
    if temperature < 0.95:
        return "leaning to the likeliest"
    if temperature <= 1.05:
        return "as likely as the model says"
    return "bolder than the model says" if temperature <= 1.5 else "far bolder than the model says"
