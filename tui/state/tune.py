"""The form that sets up a fine-tune: texts that are typed, the plan that they make, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.corpus.spec import COLUMN_FIELDS, DataSpec
from engine.display import visible_line
from engine.errors import Misuse
from engine.figures import human_count
from engine.models.reference import anchored_model
from engine.paths import anchored
from engine.runs.plan import Method, Plan, faults
from engine.runs.rates import default_learning_rate
from engine.runs.store import check_name
from tui.state.tune_fields import LINE_END, NAME, TuneField
from tui.state.tune_form import BY_NAME, FIELDS

YES = "yes"
_EMPTY = Plan(model="", data=DataSpec(source=""))
_PATHS = ("data.source", "data.eval_source", "generic_text")
_SHOWN_NAME = 40
_HUGE = 10**12


class Reading(msgspec.Struct, frozen=True):
    """What the form says now."""

    plan: Plan
    """As typed, with the default wherever a field is blank or faulty."""
    name: str
    """Of the run; empty makes one."""
    faults: dict[str, str]
    """What is wrong, in words, by field."""


def texts_of(plan: Plan, name: str = "") -> dict[str, str]:
    """What stands in the form for a plan, by field."""
    return {field.name: name if field.name == NAME else _text(field, plan) for field in FIELDS}


def read(texts: Mapping[str, str], base: Plan = _EMPTY) -> Reading:
    """Read what was typed.

    Args:
        texts: By field; a missing one is at its default.
        base: The plan to start from. What the form has no field for is taken from it; columns only for the same data.
    """
    found: dict[str, str] = {}
    values: dict[str, Any] = {}
    for field in FIELDS:
        if field.name == NAME:
            continue
        value, fault = _value(field, texts.get(field.name, _DEFAULTS[field.name]).strip())
        if fault:
            found[field.name] = fault
        else:
            values[field.name] = value
    plan = _plan(values, base)
    for where, words in faults(plan):
        if where in BY_NAME and is_shown(BY_NAME[where], plan.method):
            found.setdefault(where, words)
    name = texts.get(NAME, "").strip()
    try:
        if name:
            check_name(name)
    except Misuse as error:
        found[NAME] = f"{error.title}. {error.hint}"
    return Reading(plan, name, found)


def is_shown(field: TuneField, method: Method) -> bool:
    """Whether a method has a field."""
    return field.method in (None, method)


def changed_fields(texts: Mapping[str, str], method: Method) -> tuple[str, ...]:
    """The fields that are away from their defaults, what has none left out."""
    return tuple(
        field.name
        for field in FIELDS
        if texts.get(field.name, "").strip() not in ("", _DEFAULTS[field.name])
        or (field.kind == "tick" and texts.get(field.name, "") != _DEFAULTS[field.name])
        if is_shown(field, method)
    )


def default_text(field: TuneField) -> str:
    """What a blank field means."""
    return field.blank or ("" if field.name == NAME else _text(field, _EMPTY))


def rate_words(plan: Plan, parameters: int) -> str:
    """What an automatic learning rate comes to; `parameters` is 0 where nobody knows them."""
    if plan.learning_rate:
        usual = f", {default_learning_rate(plan.method, parameters):g} is usual" if parameters else ""
        return f"how far a step goes{usual}"
    if not parameters:
        low, high = (default_learning_rate(plan.method, size) for size in (10**12, 1))
        return f"auto: {low:g} to {high:g}, by the model's size"
    rate = default_learning_rate(plan.method, parameters)
    return f"auto: {rate:g}, for {human_count(parameters)} parameters"


def plan_in_words(plan: Plan) -> str:
    """What will be done, in one sentence."""
    how = {
        "lora": f"LoRA of rank {plan.lora.rank}",
        "full": "All weights",
        "soft-prompt": f"{plan.soft_prompt.virtual_tokens} virtual tokens",
    }[plan.method]
    long = f"{plan.max_steps:,} steps" if plan.max_steps else f"{plan.epochs:g} epochs"
    return f"{how} of {_short(plan.model)} on {_short(plan.data.source)}, {long}"


def spec_for(source: str, spec: DataSpec) -> DataSpec:
    """A spec for another source: what was said of the columns of the old one says nothing of the new one."""
    if source == spec.source:
        return spec
    columns = dict.fromkeys(COLUMN_FIELDS, "")
    return msgspec.structs.replace(spec, source=source, shape="", label_words=(), variables={}, **columns)


def _short(reference: str) -> str:
    last = visible_line(reference.rstrip("/").rpartition("/")[2] or reference)
    return last if len(last) <= _SHOWN_NAME else last[: _SHOWN_NAME - 1] + "…"


def _plan(values: Mapping[str, Any], base: Plan) -> Plan:
    parts: dict[str, dict[str, Any]] = {"": {}, "data": {}, "lora": {}, "soft_prompt": {}}
    for path, value in values.items():
        part, _, leaf = path.rpartition(".")
        parts[part][leaf] = value
    data = parts["data"]
    spec = spec_for(data.pop("source", base.data.source), base.data)
    if not parts["lora"].get("alpha"):
        parts["lora"]["alpha"] = max(1, 2 * parts["lora"].get("rank", base.lora.rank))
    changes = dict(parts[""])
    seed = changes.get("seed", base.seed)
    return msgspec.structs.replace(
        base,
        data=msgspec.structs.replace(spec, **data, seed=seed),
        lora=msgspec.structs.replace(base.lora, **parts["lora"]),
        soft_prompt=msgspec.structs.replace(base.soft_prompt, **parts["soft_prompt"]),
        **changes,
    )


def _value(field: TuneField, text: str) -> tuple[Any, str]:
    """What a text means, or why it means nothing."""
    if not text and field.kind in ("whole", "number") and not field.blank:
        return _of(field, _EMPTY), ""
    match field.kind:
        case "tick":
            return text == YES, ""
        case "choice":
            return text or _of(field, _EMPTY), ""
        case "lines":
            return tuple(line.strip().replace(LINE_END, "\n") for line in text.splitlines() if line.strip()), ""
        case "words":
            return tuple(word.strip() for word in text.split(",") if word.strip()), ""
        case "whole" | "number":
            number = _number(text or "0", whole=field.kind == "whole")
            what = "a whole number" if field.kind == "whole" else "a number"
            return number, "" if number is not None else f"it has to be {what}"
        case _:
            if not text and field.name == "device":
                return "auto", ""
            if field.name == "model":
                return anchored_model(text), ""
            return anchored(text) if field.name in _PATHS else text, ""


def _number(text: str, *, whole: bool) -> float | int | None:
    try:
        number = int(text.replace("_", "").replace(" ", "")) if whole else float(text.replace(",", "."))
    except ValueError:
        return None
    return number if abs(number) < _HUGE or not whole else None


def _of(field: TuneField, plan: Plan) -> Any:
    value: Any = plan
    for part in field.name.split("."):
        value = getattr(value, part)
    return value


def _text(field: TuneField, plan: Plan) -> str:
    value = _of(field, plan)
    if field.name == "lora.alpha" and value == 2 * plan.lora.rank:
        return ""
    match field.kind:
        case "tick":
            return YES if value else ""
        case "lines":
            return "\n".join(line.replace("\n", LINE_END) for line in value)
        case "words":
            return ", ".join(value)
        case "whole" | "number":
            return "" if field.blank and not value else f"{value:d}" if isinstance(value, int) else f"{value:.10g}"
        case _:
            return str(value)


_DEFAULTS = texts_of(_EMPTY)
