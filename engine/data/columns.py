"""Which shape the rows have, and which columns are used: given by a person, or guessed and told why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.corpus.spec import COLUMN_FIELDS, Columns, DataSpec, Shape
from engine.data.rows import Row
from engine.display import visible_line
from engine.errors import DataFault, Misuse
from engine.fields import nearest

SAMPLE_ROWS = 200
"""So many rows from the start are looked at."""

_MESSAGES = ("messages", "conversations", "conversation", "chat", "dialog", "dialogue", "turns")
_INSTRUCTION = ("instruction", "instructions")
_INPUT = ("input", "inputs", "context")
_PROMPT = ("prompt", "question", "query", "source", "src", "article", "document", "dialogue", "user", "input")
_COMPLETION = (
    "completion",
    "response",
    "output",
    "answer",
    "answers",
    "target",
    "reply",
    "summary",
    "highlights",
    "assistant",
    "tgt",
)
_TEXT = ("text", "content", "review", "sentence", "story", "body", "document", "article", "comment", "passage", "tweet")
_LABEL = (
    "label",
    "labels",
    "sentiment",
    "category",
    "class",
    "target",
    "rating",
    "stars",
    "topic",
    "emotion",
    "intent",
)
_CHANGE = "Change it with --text-column, --prompt-column, --completion-column or --label-column"
_MAX_LABEL_CHARACTERS = 60

_NEEDED: Mapping[Shape, tuple[str, ...]] = {
    "text": ("text",),
    "completion": ("prompt", "completion"),
    "instruction": ("prompt", "completion"),
    "chat": ("messages",),
    "labelled": ("text", "label"),
}


def find_columns(spec: DataSpec, sample: Sequence[Row]) -> Columns:
    """Settle the shape and the columns.

    Args:
        spec: What a person set; whatever is empty is guessed.
        sample: Some rows from the start.

    Raises:
        Misuse: A column that was named is not there, or what was named does not go together.
        DataFault: Nothing can be guessed from these columns.
    """
    present = present_columns(sample)
    if not present:
        raise DataFault(f"{spec.source} has no rows that can be read", "Look at the file, or name another one")
    given = {field.removesuffix("_column"): getattr(spec, field) for field in COLUMN_FIELDS if getattr(spec, field)}
    for name in given.values():
        _check_present(name, present, spec.source)
    columns = _given(spec, given, present, sample) if given or spec.shape else _guess(present, sample)
    if columns is None:
        listed = ", ".join(f'"{visible_line(name)}"' for name in present[:20])
        raise DataFault(f"It is not clear what to learn from the columns {listed}", _CHANGE.replace("Change", "Say"))
    return columns


def present_columns(sample: Sequence[Row]) -> tuple[str, ...]:
    """Every column that a row of the sample has, in their order."""
    return tuple(dict.fromkeys(str(name) for row in sample for name in row.values))


def _check_present(name: str, present: Sequence[str], source: str) -> None:
    if name in present:
        return
    near = nearest(name, present)
    listed = ", ".join(visible_line(one) for one in present[:20])
    raise Misuse(
        f'{source} has no column "{visible_line(name)}"',
        f"{f'Did you mean {near}? ' if near else ''}It has {listed}",
    )


def _given(spec: DataSpec, given: dict[str, str], present: tuple[str, ...], sample: Sequence[Row]) -> Columns | None:
    """What a person said, filled up with guesses."""
    shape = spec.shape or _shape_of(given)
    free = tuple(name for name in present if name not in given.values())
    columns = dict(given)
    for role in _NEEDED[shape]:
        if role not in columns:
            found = _guess_role(role, shape, free, sample)
            if not found:
                listed = ", ".join(visible_line(name) for name in present[:20])
                option = f"--{role}-column"
                raise Misuse(
                    f"Rows of the shape {shape} need a column for the {role}, and none looks like one",
                    f"Name it with {option}. There are {listed}",
                )
            columns[role] = found
            free = tuple(name for name in free if name != found)
    if shape == "instruction" and "input" not in columns:
        columns["input"] = _named(free, _INPUT)
    known = {"text", "prompt", "input", "completion", "label", "messages"}
    return Columns(
        shape=shape,
        present=present,
        guessed=False,
        why="As it was set",
        **{role: name for role, name in columns.items() if role in known},
    )


def _shape_of(given: Mapping[str, str]) -> Shape:
    if "messages" in given:
        return "chat"
    if "label" in given:
        return "labelled"
    if "input" in given:
        return "instruction"
    if "prompt" in given or "completion" in given:
        return "completion"
    return "text"


def _guess_role(role: str, shape: Shape, free: Sequence[str], sample: Sequence[Row]) -> str:
    match role:
        case "messages":
            return next((name for name in _by_names(free, _MESSAGES) if _is_messages(sample, name)), "")
        case "label":
            return next((name for name in _by_names(free, _LABEL) if _is_label(sample, name)), "")
        case "prompt":
            names = (*_INSTRUCTION, *_PROMPT) if shape == "instruction" else (*_PROMPT, *_INSTRUCTION)
            return _named(free, names)
        case "completion":
            return _named(free, _COMPLETION)
        case _:
            return _guess_text(free, sample)


def _guess(present: tuple[str, ...], sample: Sequence[Row]) -> Columns | None:
    """Try the shapes from the one that tells most to the one that tells least."""
    if name := _guess_role("messages", "chat", present, sample):
        why = f'The column "{_shown(name)}" holds conversations'
        return Columns(shape="chat", messages=name, present=present, why=why)
    completion = _named(present, _COMPLETION)
    if (prompt := _named(present, _INSTRUCTION)) and completion:
        given = _named(tuple(name for name in present if name not in (prompt, completion)), _INPUT)
        why = f'The columns "{_shown(prompt)}" and "{_shown(completion)}" are an instruction and its answer'
        return Columns(shape="instruction", prompt=prompt, completion=completion, input=given, present=present, why=why)
    rest = tuple(name for name in present if name != completion)
    prompt = _named(rest, _PROMPT)
    if prompt and completion and _is_text(sample, prompt) and _is_text(sample, completion):
        why = f'The columns "{_shown(prompt)}" and "{_shown(completion)}" are a prompt and what follows it'
        return Columns(shape="completion", prompt=prompt, completion=completion, present=present, why=why)
    return _guess_labelled_or_text(present, sample)


def _guess_labelled_or_text(present: tuple[str, ...], sample: Sequence[Row]) -> Columns | None:
    text = _guess_text(present, sample)
    if not text:
        return None
    label = _guess_role("label", "labelled", tuple(name for name in present if name != text), sample)
    if label:
        why = f'The column "{_shown(label)}" labels the texts in the column "{_shown(text)}"'
        return Columns(shape="labelled", text=text, label=label, present=present, why=why)
    why = f'The column "{_shown(text)}" is text' + ("" if len(present) == 1 else ", and no other goes with it")
    return Columns(shape="text", text=text, present=present, why=why)


def _guess_text(names: Sequence[str], sample: Sequence[Row]) -> str:
    """The column with a usual name, else the one with most text."""
    texts = [name for name in names if _is_text(sample, name)]
    usual = _named(texts, _TEXT)
    if usual or not texts:
        return usual
    return max(texts, key=lambda name: sum(len(row.values.get(name) or "") for row in sample))


def _by_names(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    by_fold = {name.casefold().strip(): name for name in reversed(names)}
    return [by_fold[name] for name in wanted if name in by_fold]


def _named(names: Sequence[str], wanted: Sequence[str]) -> str:
    return next(iter(_by_names(names, wanted)), "")


def _values(sample: Sequence[Row], name: str) -> list[Any]:
    return [value for row in sample if (value := row.values.get(name)) is not None]


def _is_text(sample: Sequence[Row], name: str) -> bool:
    """Whether most values are texts: a faulty one here and there does not change what a column is."""
    values = _values(sample, name)
    return bool(values) and sum(isinstance(value, str) for value in values) * 2 > len(values)


def _is_messages(sample: Sequence[Row], name: str) -> bool:
    values = _values(sample, name)
    good = sum(isinstance(value, list) and bool(value) and isinstance(value[0], dict) for value in values)
    return good * 2 > len(values) > 0


def _is_label(sample: Sequence[Row], name: str) -> bool:
    """Whether the values are whole numbers, flags or few short texts."""
    values = _values(sample, name)
    whole = [value for value in values if isinstance(value, int)]
    short = [value for value in values if isinstance(value, str) and len(value) <= _MAX_LABEL_CHARACTERS]
    if len(whole) * 2 > len(values):
        return True
    return len(short) * 2 > len(values) > 0 and len(set(short)) <= max(20, len(short) // 2)


def _shown(name: str) -> str:
    return visible_line(name)
