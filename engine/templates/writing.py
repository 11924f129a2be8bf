"""From a `Template` back to a template file, for a folder in which it travels with what it trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import msgspec

from engine.atomic import write_atomically
from engine.protocol import Template
from engine.templates.format import MAX_FILE_BYTES, MAX_STOPS, parse
from engine.templates.library import Library

TRAVELLING = "template.toml"
"""The file's name in the folder of a checkpoint or a result."""
TRAINED_ID = "trained"
"""What a travelling template is called by."""


def template_toml(template: Template) -> str:
    """Write a template as TOML that `engine.templates.parse` reads back as the same template."""
    lines = [
        f"name = {_text(template.name)}",
        f"description = {_text(template.description)}",
        f"kind = {_text(template.kind)}",
        f"stop = [{', '.join(map(_text, template.stop))}]",
    ]
    if template.uses_chat_template:
        lines.append("uses_chat_template = true")
    else:
        # Reading takes the newline before the closing quotes off.
        lines.append(f"body = {_text(template.body + chr(10))}")
    for variable in template.variables:
        lines += [
            "",
            f"[variables.{variable.name}]",
            f"default = {_text(variable.default)}",
            f"label = {_text(variable.label)}",
        ]
    for example in template.examples:
        lines += ["", "[[examples]]", f"input = {_text(example.input)}", f"output = {_text(example.output)}"]
    sampling = {name: value for name, value in msgspec.structs.asdict(template.sampling).items() if value is not None}
    if sampling:
        lines += ["", "[sampling]", *(f"{name} = {value!r}" for name, value in sampling.items())]
    return "\n".join(lines) + "\n"


def write_template(template: Template, file: Path) -> None:
    """Write a template's file, whole or not at all.

    Raises:
        OSError: It could not be written.
    """
    write_atomically(file, template_toml(template).encode())


def own_id(template: Template) -> Template:
    """The same under an id that a file of one's own can have: that of a trained model's means whichever is loaded."""
    return msgspec.structs.replace(template, id=f"{TRAINED_ID}-copy") if template.id == TRAINED_ID else template


def adopt_template(library: Library, template: Template) -> Template:
    """The library's own copy of a template: the one that is there, else it is written there under a free id.

    Raises:
        OSError: It could not be written.
    """
    there = {found.id: found for found in library.scan().templates}
    for number in count(1):
        free = template.id if number == 1 else f"{template.id}-{number}"
        wanted = msgspec.structs.replace(template, id=free)
        if free not in there and not (library.folder / f"{free}.toml").exists():
            library.folder.mkdir(parents=True, exist_ok=True)
            write_template(template, library.folder / f"{free}.toml")
            library.scan()
            return wanted
        if there.get(free) == wanted:
            return wanted
    raise AssertionError("numbers have no end")


def with_stops(template: Template, stops: Sequence[str]) -> Template:
    """A template that ends replies at more texts, under an id and a name of its own; itself where it has them all.

    Raises:
        ValueError: They are more than a template can have.
    """
    more = [stop for stop in dict.fromkeys(stops) if stop not in template.stop]
    if not more:
        return template
    if len(template.stop) + len(more) > MAX_STOPS:
        raise ValueError(f"a template has at most {MAX_STOPS} stop strings")
    return msgspec.structs.replace(
        template,
        id=f"{template.id}-stops",
        name=f"{template.name}, with stop strings",
        stop=(*template.stop, *more),
    )


def read_travelling(folder: Path) -> Template | None:
    """Read the template that travels in a model's folder; None where there is none, or none that can be used."""
    file = folder / TRAVELLING
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            return None
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return parse(text, template_id=TRAINED_ID, file=str(file)).template


def _text(text: str) -> str:
    """A basic string of TOML, on one line."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
