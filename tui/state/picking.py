"""What the pickers list, in which order, and in which words. Pure: rows come out, nothing is drawn here."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TypeVar

import msgspec

from engine.display import visible, visible_line
from engine.errors import TemplateFault
from engine.figures import human_bytes, human_count
from engine.models.records import ModelEntry
from engine.protocol import SamplingChange, Template

Entry = TypeVar("Entry")

_HUB_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)?(?:@[\w.-]+)?")
_SOURCES = {
    "starter": "Tunesmith itself",
    "hub": "the hub",
    "folder": "a folder",
    "gguf": "a .gguf file",
    "run": "a run of training",
}
_KINDS = {"base": "base: it continues your text", "instruct": "instruct: it answers what you ask"}


def rank(words: Sequence[str], name: str, others: Sequence[str] = ()) -> int | None:
    """Say how well an entry answers to the words that were typed.

    Every word has to be in the name or in one of the other texts, in any case; the letters of a word may also be
    spread over the name in their order.

    Returns:
        Lower is better; None where the entry does not answer to them.
    """
    score = 0
    name = name.casefold()
    rest = [other.casefold() for other in others]
    for word in words:
        found = _rank_word(word.casefold(), name, rest)
        if found is None:
            return None
        score += found
    return score


def _rank_word(word: str, name: str, others: Sequence[str]) -> int | None:
    if name == word:
        return 0
    if name.startswith(word):
        return 1
    place = name.find(word)
    if place > 0:
        return 2 if not name[place - 1].isalnum() else 3
    if any(word in other for other in others):
        return 4
    return 6 if _is_spread(word, name) else None


def _is_spread(word: str, name: str) -> bool:
    letters = iter(name)
    return len(word) > 1 and all(letter in letters for letter in word)


def narrow(
    query: str, entries: Sequence[Entry], texts: Callable[[Entry], tuple[str, Sequence[str]]]
) -> tuple[Entry, ...]:
    """Keep the entries that answer to a query, the best first; entries that answer alike keep their order.

    Args:
        query: Words with spaces between them; empty keeps all.
        entries: What there is.
        texts: The name and the other texts of an entry.
    """
    words = query.split()
    ranked = [(score, entry) for entry in entries if (score := rank(words, *texts(entry))) is not None]
    return tuple(entry for _, entry in sorted(ranked, key=lambda pair: pair[0]))


def match_spans(text: str, query: str) -> tuple[tuple[int, int], ...]:
    """Where the words of a query are in a text, in any case: pairs of start and end, in order, not overlapping."""
    words = sorted({word for word in query.split() if word}, key=len, reverse=True)
    if not words:
        return ()
    pattern = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)
    return tuple(match.span() for match in pattern.finditer(text))


class ModelRows(msgspec.Struct, frozen=True):
    """What the model picker lists."""

    here: tuple[ModelEntry, ...]
    offers: tuple[ModelEntry, ...]
    typed: str = ""
    """What was typed, where it may be a reference of its own: offered as the last row."""


def model_rows(entries: Sequence[ModelEntry], query: str) -> ModelRows:
    """Narrow the models down."""
    found = narrow(query, entries, _model_texts)
    return ModelRows(
        here=tuple(entry for entry in found if entry.here),
        offers=tuple(entry for entry in found if not entry.here),
        typed=query if _may_be_reference(query, entries, nothing_found=not found) else "",
    )


def _model_texts(entry: ModelEntry) -> tuple[str, Sequence[str]]:
    return entry.name, (entry.ref, entry.kind, entry.architecture, entry.description)


def _may_be_reference(query: str, entries: Sequence[ModelEntry], *, nothing_found: bool) -> bool:
    if not query or any(query == entry.ref for entry in entries):
        return False
    if query.startswith(("/", "~", ".")) or query.endswith(".gguf") or query.startswith("run:") or "\\" in query:
        return True
    return bool(_HUB_NAME.fullmatch(query)) and (nothing_found or "/" in query)


def model_cells(entry: ModelEntry) -> tuple[str, str, str, str, str, str]:
    """Name, parameters, size, context, kind and a remark; empty where a number is not known."""
    return (
        visible_line(entry.name),
        human_count(entry.parameters) if entry.parameters else "",
        human_bytes(entry.size_bytes) if entry.size_bytes else "",
        human_count(entry.context_tokens) if entry.context_tokens else "",
        entry.kind if entry.parameters or entry.architecture else "",
        visible_line(model_remark(entry)),
    )


def model_remark(entry: ModelEntry) -> str:
    """The last column: what is wrong, or what it is."""
    if entry.resumable:
        return "partly downloaded: goes on from there"
    return entry.fault or entry.description


def is_pickable(entry: ModelEntry) -> bool:
    """Whether picking it can lead to a model: a download that was cut short goes on."""
    return not entry.fault or entry.resumable


def model_facts(entry: ModelEntry) -> tuple[tuple[str, str], ...]:
    """The details of a model, as pairs of a label and a value; what is not known is left out."""
    known = entry.parameters or entry.architecture
    weights = human_bytes(entry.size_bytes) + (" on disk" if entry.here else " to download")
    pairs = (
        ("Kind", _KINDS.get(entry.kind, entry.kind) if known else ""),
        ("Parameters", f"{entry.parameters:,}" if entry.parameters else ""),
        ("Size", weights if entry.size_bytes else ""),
        ("Window", f"{entry.context_tokens:,} tokens" if entry.context_tokens else ""),
        ("Architecture", entry.architecture),
        ("Weights", entry.dtype),
        ("From", _SOURCES.get(entry.source, entry.source)),
        ("Reference", entry.ref if entry.ref not in {entry.name, entry.where} else ""),
        ("Where", entry.where),
    )
    return tuple((label, visible_line(value)) for label, value in pairs if value)


class PreviewText(msgspec.Struct, frozen=True):
    """A prompt with its invisible parts shown, and where these marks stand."""

    text: str
    marks: tuple[tuple[int, int], ...]
    """Start and end of what is not in the prompt itself, to be drawn faintly."""


def preview_text(prompt: str, beginning: str = "") -> PreviewText:
    """Show what a model will see: line ends as ⏎, spaces at the end of a line as ␣.

    Args:
        prompt: The text.
        beginning: The text of the token that is put in front of it; empty where none is.
    """
    front = visible_line(beginning)
    parts: list[str] = []
    marks: list[tuple[int, int]] = [(0, len(front))] if front else []
    place = 0
    lines = (front + visible(prompt)).split("\n")
    for number, line in enumerate(lines):
        kept = line.rstrip(" ")
        tail = "␣" * (len(line) - len(kept)) + ("⏎" if number < len(lines) - 1 else "")
        if tail:
            marks.append((place + len(kept), place + len(kept) + len(tail)))
        shown = kept + tail
        parts.append(shown)
        place += len(shown) + 1
    return PreviewText("\n".join(parts), tuple(marks))


def template_facts(template: Template, file: str = "") -> tuple[tuple[str, str], ...]:
    """What a template brings along, as pairs of a label and a value; what it has not is left out.

    Args:
        template: The template.
        file: The file of a template of the person's own; empty for a shipped one.
    """
    stops = ", ".join(f"“{visible_line(stop.replace(chr(10), '⏎'))}”" for stop in template.stop)
    blanks = ", ".join(visible_line(variable.label or variable.name) for variable in template.variables)
    pairs = (
        ("Stops at", stops),
        ("Sampling", change_words(template.sampling)),
        ("Blanks", blanks),
        ("Examples", str(len(template.examples)) if template.examples else ""),
        ("File", visible_line(file)),
    )
    return tuple((label, value) for label, value in pairs if value)


def change_words(change: SamplingChange) -> str:
    """The sampling that somebody set, in words; empty where nothing is."""
    parts = []
    for field in change.__struct_fields__:
        value = getattr(change, field)
        if value is None:
            continue
        if field == "temperature" and value == 0:
            parts.append("greedy")
        elif field == "max_new_tokens":
            parts.append(f"at most {value:,} tokens")
        else:
            name = field.replace("_", "-" if field != "repetition_penalty" else " ")
            parts.append(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}")
    return ", ".join(parts)


def narrow_templates(query: str, templates: Sequence[Template]) -> tuple[Template, ...]:
    """Keep the templates that answer to a query."""
    return narrow(query, templates, lambda t: (t.name, (t.id, t.description, t.kind)))


def narrow_faults(query: str, faults: Sequence[TemplateFault]) -> tuple[TemplateFault, ...]:
    """Keep the faulty files that answer to a query."""
    return narrow(query, faults, lambda fault: (PurePath(fault.file).name, (fault.title,)))


def fault_place(fault: TemplateFault) -> str:
    """The file's name and the line."""
    name = visible_line(PurePath(fault.file).name)
    return f"{name}:{fault.line}" if fault.line else name
