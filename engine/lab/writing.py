"""From a `Lab` back to its spec file: what `engine.lab.spec` reads again as the same lab."""

from __future__ import annotations

import errno
import json
import os
import re
from itertools import count
from pathlib import Path

import msgspec

from engine.atomic import write_atomically, write_new
from engine.errors import TemplateNotFound
from engine.lab.inputs import DataFile
from engine.lab.records import Lab, Row, Variation
from engine.protocol import Frozen, Template
from engine.sampling import LIMITS
from engine.templates import Library
from engine.templates.writing import template_toml

_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


class Spec(Frozen, frozen=True):
    """The text of a spec file, and the templates that have to lie beside it."""

    text: str
    templates: dict[str, Template] = msgspec.field(default_factory=dict)
    """By the name of the file."""


def lab_spec(lab: Lab, library: Library, *, data: DataFile | None = None, typed: int = 0, stem: str = "lab") -> Spec:
    """Write a lab as TOML.

    Args:
        lab: What is compared.
        library: Templates that are in it as they are in the lab are named, others become files.
        data: Where the rows behind the typed ones come from; None writes all rows into the spec.
        typed: How many rows are not of the file.
        stem: What the files of templates begin with.
    """
    lines = [f"name = {_text(lab.name)}"]
    if lab.metrics:
        lines.append(f"scores = [{', '.join(map(_text, lab.metrics))}]")
    if lab.normalisation != "choice":
        lines.append(f"normalisation = {_text(lab.normalisation)}")
    lines.append(f"seed = {lab.seed}")
    if lab.labels:
        lines += ["", "[labels]", *(f"{_text(label.value)} = {_text(label.word)}" for label in lab.labels)]
    if data is not None:
        lines += ["", "[data]", *_data(data)]
    for row in lab.rows if data is None else lab.rows[:typed]:
        lines += ["", "[[inputs]]", *_row(row)]
    templates: dict[str, Template] = {}
    for variation in lab.variations:
        lines += [
            "",
            "[[variations]]",
            *_variation(lab, variation, _name_of(variation.template, library, stem, templates)),
        ]
    return Spec(text="\n".join(lines) + "\n", templates=templates)


def write_spec(
    lab: Lab,
    file: Path,
    library: Library,
    *,
    data: DataFile | None = None,
    typed: int = 0,
    overwrite: bool = False,
) -> list[Path]:
    """Write the spec file, and beside it the templates that are in no library; returns all files.

    Args:
        lab: What is compared.
        file: The spec file.
        library: Templates that need no file beside it.
        data: Where the rows behind the typed ones came from.
        typed: How many rows are not of that file.
        overwrite: Replace a spec file that is there; templates never are, and go under free names.

    Raises:
        FileExistsError: The spec file is there already, and is not to be replaced.
        OSError: A file can't be written.
    """
    if os.path.lexists(file) and not overwrite:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    stems = (f"{file.stem}{f'-{number}' if number > 1 else ''}" for number in count(1))
    specs = (lab_spec(lab, library, data=data, typed=typed, stem=stem) for stem in stems)
    spec = next(
        spec for spec in specs if all(_has_room(file.parent / name, own) for name, own in spec.templates.items())
    )
    files = [file.parent / name for name in spec.templates]
    for path, template in zip(files, spec.templates.values(), strict=True):
        if not os.path.lexists(path):
            write_new(path, template_toml(template).encode())
    write = write_atomically if overwrite else write_new
    write(file, spec.text.encode())
    return [file, *files]


def _has_room(file: Path, template: Template) -> bool:
    """Whether a template's file is not there, or is just this template."""
    try:
        return file.read_bytes() == template_toml(template).encode()
    except FileNotFoundError:
        return not file.is_symlink()
    except OSError:
        return False


def _data(data: DataFile) -> list[str]:
    lines = [f"file = {_text(str(data.file))}"]
    lines += [f"{name} = {_text(value)}" for name in ("input", "reference", "label") if (value := getattr(data, name))]
    return lines + [f"{name} = {value}" for name in ("limit", "skip") if (value := getattr(data, name))]


def _row(row: Row) -> list[str]:
    values = {"input": row.input, "reference": row.reference, "label": row.label}
    return [f"{name} = {_text(value)}" for name, value in values.items() if value]


def _variation(lab: Lab, variation: Variation, template: str) -> list[str]:
    lines = [
        f"name = {_text(variation.name)}",
        f"model = {_text(variation.model)}",
        f"template = {_text(template)}",
    ]
    if variation.stop:
        lines.append(f"stop = [{', '.join(map(_text, variation.stop))}]")
    if variation.variables:
        pairs = (f"{_text(name)} = {_text(value)}" for name, value in variation.variables.items())
        lines.append(f"variables = {{ {', '.join(pairs)} }}")
    sampling = {name: getattr(variation.sampling, name) for name in LIMITS}
    if variation.sampling.seed is None and variation.template.sampling.seed is not None:
        # Else the template's own would be read.
        sampling["seed"] = lab.seed
    pairs = (f"{name} = {value!r}" for name, value in sampling.items() if value is not None)
    return [*lines, f"sampling = {{ {', '.join(pairs)} }}"]


def _name_of(template: Template, library: Library, stem: str, files: dict[str, Template]) -> str:
    """What the spec calls a template: its id, else the file that is to be written."""
    try:
        if library.get(template.id) == template:
            return template.id
    except TemplateNotFound:
        pass
    plain = _NOT_IN_NAMES.sub("-", f"{stem}.{template.id}")
    number = 1
    # A template is called by its file in the lab that is read again.
    while (name := f"{plain}{f'-{number}' if number > 1 else ''}.toml") in files and not _same(files[name], template):
        number += 1
    files[name] = template
    return name


def _same(one: Template, other: Template) -> bool:
    return msgspec.structs.replace(one, id=other.id) == other


def _text(text: str) -> str:
    """A basic string of TOML, on one line; half a character becomes a replacement."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")
