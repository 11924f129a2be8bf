"""Templates of one's own: made, copied, renamed, deleted and brought back, taken in and given out.

The screen and the command line use the same functions. Nothing is ever overwritten unasked, shipped templates stay as
they are, and each file is written whole or not at all.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.atomic import write_atomically
from engine.display import is_text
from engine.errors import Failed, Misuse, Refused, TemplateFault, TemplateNotFound
from engine.fields import short
from engine.templates.format import parse
from engine.templates.library import Library, good_template, read_text
from engine.templates.writing import TRAINED_ID
from engine.toml import TomlFault, read_toml

DELETED = ".deleted"
"""The folder, beside the templates, of those that can be brought back."""
_MAX_ID = 60

SKELETON = '''\
name = {name}
description = "What it is for, on one line"
kind = "completion"
# Texts that end the reply, such as "\\nUser:".
stop = []
body = """
{{{{ message | trim }}}}
"""

[sampling]
temperature = 0.8
max_new_tokens = 200
'''


class Source(msgspec.Struct, frozen=True):
    """A template's file, good or faulty."""

    id: str
    file: Path | None
    """None: it is shipped, and can't be changed."""
    text: str


def template_id(name: str) -> str:
    """The file's stem for a template's name.

    Raises:
        Misuse: The name has nothing that a file could be called by, or means something else.
    """
    stem = re.sub(r"[^\w]+", "-", name.strip().casefold()).strip("-_")[:_MAX_ID] if is_text(name) else ""
    if not stem:
        raise Misuse(f"{short(name)} can't be the name of a template", "It needs a letter or a digit")
    if stem == TRAINED_ID:
        raise Misuse(f"{short(name)} is what a model's own training template is called by", "Choose another name")
    return stem


def open_source(library: Library, name: str) -> Source:
    """The file of a template by its id or name, or of a faulty file of one's own by its stem.

    Raises:
        TemplateNotFound: There is none.
        TemplateFault: Its file can't be read.
    """
    listing = library.scan()
    wanted = name.strip().casefold()
    for fault in listing.faults:
        file = Path(fault.file)
        if file.stem.casefold() == wanted and file.suffix == ".toml":
            return Source(file.stem, file, read_text(file))
    template = library.get(name)
    found = listing.files.get(template.id, "")
    return Source(template.id, Path(found) if found else None, library.source(template.id))


def create(library: Library, name: str, text: str = "") -> Path:
    """Make a template of one's own: from a text, or from a skeleton.

    Raises:
        Misuse: The name can't be used, or is taken.
        Failed: The file can't be written.
    """
    file = _free_file(library, template_id(name))
    text = renamed_text(text, name.strip()) if text else SKELETON.format(name=_quoted(name.strip()))
    return _write(file, text)


def duplicate(library: Library, name: str, new_name: str) -> Path:
    """Copy a template, a shipped one too, under another name.

    Raises:
        TemplateNotFound: There is none to copy.
        Misuse: The new name can't be used, or is taken.
        Failed: The file can't be written.
    """
    return create(library, new_name, open_source(library, name).text)


def rename(library: Library, name: str, new_name: str) -> Path:
    """Give a template of one's own another name, and its file with it.

    Raises:
        Misuse: It is shipped, or the new name can't be used or is taken.
        TemplateNotFound: There is none.
        Failed: The file can't be written.
    """
    source = _own(open_source(library, name), "renamed")
    old = source.file
    assert old is not None
    stem = template_id(new_name)
    file = old if stem.casefold() == source.id.casefold() else _free_file(library, stem)
    _write(file, renamed_text(source.text, new_name.strip()))
    if file != old:
        _try(old.unlink, old)
    return file


def delete(library: Library, name: str) -> str:
    """Take a template of one's own out of the list; `restore` brings it back.

    One of the same name that was deleted before is kept beside it, under the name with a number.

    Returns:
        Its id.

    Raises:
        Misuse: It is shipped.
        TemplateNotFound: There is none.
        Failed: The file can't be moved.
    """
    source = _own(open_source(library, name), "deleted")
    kept = library.folder / DELETED / f"{source.id}.toml"
    assert source.file is not None
    file = source.file

    def move() -> None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        if kept.exists():
            kept.rename(_numbered(kept))
        file.replace(kept)

    _try(move, file)
    return source.id


def restore(library: Library, name: str) -> Path:
    """Bring a deleted template back.

    Raises:
        TemplateNotFound: None of that name was deleted.
        Misuse: There is another one of that name by now.
        Failed: The file can't be moved.
    """
    kept = library.folder / DELETED / f"{template_id(name)}.toml"
    exact = library.folder / DELETED / f"{name.strip()}.toml"
    kept = exact if "/" not in name and exact.is_file() else kept
    if not kept.is_file():
        raise TemplateNotFound(f"No template {short(name)} was deleted", _deleted_words(library))
    file = _free_file(library, kept.stem)
    _try(lambda: kept.replace(file), kept)
    return file


def import_file(library: Library, path: Path, name: str = "") -> Path:
    """Take in a template file from anywhere; its name stays, unless another one is given.

    Raises:
        TemplateFault: It can't be read, or has faults: the first is told, with its line.
        Misuse: The name is taken.
        Failed: The file can't be written.
    """
    text = read_text(path)
    stem = template_id(name or path.stem)
    good_template(parse(text, template_id=stem, file=str(path)))
    file = _free_file(library, stem, hint="Take it in under another name")
    return _write(file, renamed_text(text, name.strip()) if name else text)


def export_file(library: Library, name: str, path: Path, *, overwrite: bool = False) -> Path:
    """Write a template's file somewhere else; into a folder under its id.

    Raises:
        TemplateNotFound: There is none.
        Refused: There is a file already.
        Failed: The file can't be written.
    """
    source = open_source(library, name)
    file = exported_file(source.id, path)
    if file.exists() and not overwrite:
        raise Refused(f"{file} is there already", "Name another file, or allow it to be overwritten")
    return _write(file, source.text)


def exported_file(template_id: str, path: Path) -> Path:
    """Where a template goes that is written to a file, or into a folder."""
    return path / f"{template_id}.toml" if path.is_dir() else path


def save(file: Path, text: str, before: str | None) -> None:
    """Write a template's file, unless another program changed it meanwhile.

    Args:
        file: The file.
        text: What it is to be.
        before: What was last read from it; None where it is known to be gone.

    Raises:
        Refused: The file is not what it was; nothing is written.
        Failed: The file can't be written.
    """
    if now_on_disk(file) != before:
        raise Refused(f"{file.name} was changed by another program", "Take over its text, or keep your own")
    _write(file, text)


def now_on_disk(file: Path) -> str | None:
    """What a template's file is now; None where there is none that can be read."""
    try:
        return read_text(file)
    except TemplateFault:
        return None


def renamed_text(text: str, name: str) -> str:
    """The text of a template with another `name`; all else, comments too, stays as it is."""
    line = f"name = {_quoted(name)}"
    try:
        document = read_toml(text)
    except TomlFault:
        return text
    if "name" not in document.values:
        return f"{line}\n{text}"
    span = document.span(("name",))
    lines = text.split("\n")
    return "\n".join([*lines[: span.key - 1], line, *lines[span.last :]])


def _quoted(name: str) -> str:
    return json.dumps(" ".join(name.split()), ensure_ascii=False).replace("\x7f", "\\u007f")


def _own(source: Source, what: str) -> Source:
    if source.file is None:
        raise Misuse(f"{short(source.id)} is shipped and can't be {what}", "Duplicate it, and change the copy")
    return source


def _free_file(library: Library, stem: str, hint: str = "Choose another name") -> Path:
    taken = {path.stem.casefold() for path in library.folder.glob("*.toml")}
    taken |= {template.id.casefold() for template in library.scan().templates}
    if stem.casefold() in taken:
        raise Misuse(f"There is a template {short(stem)} already", hint)
    return library.folder / f"{stem}.toml"


def _numbered(file: Path) -> Path:
    """A name beside a file's, with a number, that nothing has."""
    names = (file.with_name(f"{file.stem}-{number}{file.suffix}") for number in itertools.count(2))
    return next(name for name in names if not name.exists())


def _deleted_words(library: Library) -> str:
    names = sorted(path.stem for path in (library.folder / DELETED).glob("*.toml"))
    return f"Deleted were {', '.join(names[:10])}" if names else "None was"


def _write(file: Path, text: str) -> Path:
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise Failed(f"{file.name} can't be written: it has characters that are no text") from None
    _try(lambda: write_atomically(file, content), file)
    return file


def _try(change: Callable[[], object], file: Path) -> None:
    try:
        change()
    except OSError as error:
        raise Failed(f"{file} can't be changed: {error.strerror or error}", "Is there room, and may it be?") from None
