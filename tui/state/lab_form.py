"""What is typed into the lab's forms, and what it means. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from engine.data.rows import label_key
from engine.display import visible_line
from engine.errors import TunesmithError
from engine.fields import short
from engine.lab.inputs import DataFile
from engine.lab.records import METRICS, Lab, Label, Metric, Row
from engine.lab.spec import MAX_CELLS
from engine.lab.summary import TITLES
from engine.paths import anchored
from engine.protocol import Normalisation
from tui.state.lab_draft import Draft
from tui.state.tune import YES
from tui.state.tune_fields import TuneField

_METRIC_WORDS: dict[Metric, tuple[str, str]] = {
    "accuracy": ("is the likeliest label the right one? Needs labels' words", "is the likeliest label right?"),
    "exact": ("does the reply say the reference, but for case and punctuation?", "is the reply the reference?"),
    "perplexity": ("how surprised is the model by the reference? Lower is better", "of the reference; less is better"),
    "diversity": ("how many pairs of words are different? Needs no reference", "needs no reference"),
}
_NORMALISATIONS: tuple[tuple[str, str], ...] = (
    ("choice", "as a choice"),
    ("token", "by token"),
    ("character", "by letter"),
    ("none", "not"),
)
_SPEC_KEY = re.compile(r'Name it under \[data\], as input = "…"\. ')
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LABEL = re.compile(rf"\s*({_QUOTED}(?=\s*=)|[^,=]*)\s*(?:=\s*({_QUOTED}(?=\s*(?:,|$))|[^,]*))?")
SETUP_FIELDS: tuple[TuneField, ...] = (
    TuneField(name="name", label="Lab's name", meaning="another name makes a copy; the old one stays"),
    TuneField(name="file", label="Rows of a file", meaning="JSONL, CSV, Parquet, or TXT with an input on each line"),
    TuneField(name="input", label="Input column", meaning="blank finds it by its name", blank="found"),
    TuneField(name="reference", label="Reference column", meaning="the reply that would be right", blank="found"),
    TuneField(name="label", label="Label column", meaning="what the row is: a number or a word", blank="found"),
    TuneField(
        name="limit", label="Number of rows", meaning="from the start; blank takes all", kind="whole", blank="all"
    ),
    TuneField(name="skip", label="Rows left out", meaning="so many at the start", kind="whole", blank="none"),
    TuneField(name="labels", label="Labels' words", meaning="what the model would say: 0 = bad, 1 = good"),
    *(
        TuneField(name=metric, label=TITLES[metric].split(" of ")[0], meaning=words, brief=brief, kind="tick")
        for metric, (words, brief) in _METRIC_WORDS.items()
    ),
    TuneField(
        name="normalisation",
        label="Words compared",
        meaning="",
        kind="choice",
        choices=_NORMALISATIONS,
    ),
    TuneField(name="seed", label="Seed", meaning="of the replies; the same for all columns", kind="whole", blank="0"),
)


class SetupReading(msgspec.Struct, frozen=True):
    """What the form says now, but for what is in the file."""

    lab: Lab
    data: DataFile | None
    faults: dict[str, str]
    """In words, by field."""


def setup_texts(draft: Draft) -> dict[str, str]:
    """What stands in the form for a draft, by field."""
    lab, data = draft.lab, draft.data
    texts = {
        "name": lab.name,
        "file": str(data.file) if data else "",
        "labels": text_of_labels(lab.labels),
        "normalisation": lab.normalisation,
        "seed": str(lab.seed) if lab.seed else "",
    }
    texts |= {name: getattr(data, name) if data else "" for name in ("input", "reference", "label")}
    texts |= {name: str(number) if (number := getattr(data, name, 0)) else "" for name in ("limit", "skip")}
    return texts | {metric: YES if metric in lab.metrics else "" for metric in METRICS}


def read_setup(texts: Mapping[str, str], lab: Lab, taken: Collection[str] = ()) -> SetupReading:
    """Read what was typed; a faulty field keeps what the lab has.

    Args:
        texts: By field.
        lab: What the form began with.
        taken: The names of other labs.
    """
    faults: dict[str, str] = {}
    numbers = {name: _whole(texts[name], faults, name) for name in ("limit", "skip", "seed")}
    name = " ".join(texts["name"].split())
    if not name:
        faults["name"] = "a lab needs a name"
    elif name in taken:
        faults["name"] = "another lab has this name, and would be lost: choose another"
    labels = lab.labels
    try:
        labels = read_labels(texts["labels"])
    except ValueError as error:
        faults["labels"] = str(error)
    metrics = tuple(metric for metric in METRICS if texts[metric] == YES)
    if "accuracy" in metrics and "labels" not in faults and len(labels) < 2:
        faults["labels"] = "accuracy needs the words of two labels: 0 = negative, 1 = positive"
    data = None
    if texts["file"].strip():
        data = DataFile(
            file=Path(anchored(str(Path(texts["file"].strip()).expanduser()))),
            input=texts["input"].strip(),
            reference=texts["reference"].strip(),
            label=texts["label"].strip(),
            limit=numbers["limit"],
            skip=numbers["skip"],
        )
    changed = msgspec.structs.replace(
        lab,
        name=name or lab.name,
        labels=labels,
        metrics=metrics,
        normalisation=_normalisation(texts["normalisation"]),
        seed=numbers["seed"],
    )
    return SetupReading(changed, data, faults)


def rows_faults(lab: Lab) -> dict[str, str]:
    """What the rows lack for what shall be scored, in words, by field."""
    faults: dict[str, str] = {}
    if len(lab.rows) * max(1, len(lab.variations)) > MAX_CELLS:
        faults["limit"] = f"{len(lab.rows):,} rows make more than {MAX_CELLS:,} cells: take fewer"
    if not lab.rows:
        return faults
    values = {label.value for label in lab.labels}
    found = label_values(lab.rows)
    if "accuracy" in lab.metrics and not found:
        faults["accuracy"] = "no row has a label: name their column"
    elif "accuracy" in lab.metrics and (unknown := [value for value in found if value not in values]):
        faults["labels"] = f"the rows have a label {short(unknown[0])}, which has no word here"
    for metric in ("exact", "perplexity"):
        if metric in lab.metrics and not any(lab.reference(row) for row in lab.rows):
            faults[metric] = "no row has a reference or a label with a word: name their column"
    return faults


def label_values(rows: Sequence[Row]) -> tuple[str, ...]:
    """The labels that rows have, in order."""
    return tuple(sorted({row.label for row in rows if row.label}))


def rows_words(rows: Sequence[Row]) -> str:
    """What was found in a file, in one line."""
    parts = [f"It begins: {visible_line(rows[0].input)[:60]}…" if rows else "It has no rows"]
    if labels := label_values(rows):
        parts.append(f"labels {', '.join(labels[:6])}{'…' if len(labels) > 6 else ''}")
    if any(row.reference for row in rows):
        parts.append("with references")
    return " · ".join(parts)


def file_fault(error: TunesmithError) -> str:
    """Why a file can't be used, in the words of the form: the engine's name keys of a spec file."""
    hint = _SPEC_KEY.sub("Name it below. ", error.hint)
    return visible_line(f"{error.title}. {hint}")


def read_labels(text: str) -> tuple[Label, ...]:
    """Read `0 = negative, 1 = positive`; a text with a comma in it stands in quotes.

    Raises:
        ValueError: What is wrong, in words.
    """
    labels: list[Label] = []
    for found in _LABEL.finditer(text):
        if not found[0].strip():
            continue
        value, word = (_unquoted((piece or "").strip()) for piece in found.groups())
        if not value.strip() or not word.strip():
            raise ValueError(f"{short(found[0].strip())} is not a label and its word: write 1 = positive")
        labels.append(Label(value=label_key(value) or value, word=word))
    if len({label.word for label in labels}) < len(labels):
        raise ValueError("two labels have the same word")
    if len({label.value for label in labels}) < len(labels):
        raise ValueError("a label has two words")
    return tuple(labels)


def text_of_labels(labels: Sequence[Label]) -> str:
    """How labels and their words are typed."""
    return ", ".join(f"{_quoted(label.value)} = {_quoted(label.word)}" for label in labels)


def _quoted(text: str) -> str:
    is_plain = text == text.strip() and text.isprintable() and not set(text) & set(',="')
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, str) else text


def stops_of(text: str) -> tuple[str, ...]:
    r"""Read `"\n\n", "User:"`; one text without quotes is one stop string.

    Raises:
        ValueError: What is wrong, in words.
    """
    if not text.strip():
        return ()
    if '"' not in text:
        return (text.strip().replace("\\n", "\n"),)
    try:
        found = json.loads(f"[{text}]")
    except ValueError as error:
        raise ValueError('write each in quotes, with commas between: "\\n\\n", "User:"') from error
    if not all(isinstance(each, str) and each for each in found):
        raise ValueError('write each in quotes, with commas between: "\\n\\n", "User:"')
    return tuple(found)


def text_of_stops(stops: Sequence[str]) -> str:
    """How stop strings are typed."""
    return ", ".join(json.dumps(stop, ensure_ascii=False) for stop in stops)


def _normalisation(text: str) -> Normalisation:
    for name in ("token", "character", "none"):
        if text == name:
            return name
    return "choice"


def _whole(text: str, faults: dict[str, str], name: str) -> int:
    if not text.strip():
        return 0
    if not text.strip().isdecimal() or len(text.strip()) > 18:
        faults[name] = "it has to be a whole number from 0 up"
        return 0
    return int(text)
