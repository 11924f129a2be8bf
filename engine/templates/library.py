"""The templates that are there: those that are shipped, and the user's, kept up to date while the program runs."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.errors import TemplateFault, TemplateNotFound
from engine.fields import nearest, short
from engine.protocol import ModelInfo, Template
from engine.templates.format import MAX_FILE_BYTES, Parsed, parse

_SHIPPED_ORDER = ("plain", "story", "chat", "assistant", "summarise", "translate", "sentiment", "question", "own")


class Listing(msgspec.Struct, frozen=True):
    """What a look into the library found. Two of them are equal where no file changed."""

    templates: tuple[Template, ...]
    """The shipped ones first, in their order; then the user's own by name."""
    faults: tuple[TemplateFault, ...] = ()
    """What is wrong with the user's files, with file and line; their templates are not in the list."""
    files: dict[str, str] = {}
    """For each template's id the path of its file; empty for a shipped one."""


class _Read(msgspec.Struct, frozen=True):
    """A file as it was read, and what tells whether it changed since."""

    stamp: tuple[int, int]
    parsed: Parsed


class Library:
    """The shipped templates and those in one folder. A look costs one `stat` for each file that did not change."""

    def __init__(self, folder: Path) -> None:
        """Look into `folder`, which need not exist. Nothing is read yet."""
        self.folder = folder
        self._shipped: dict[str, Template] = {}
        self._read: dict[Path, _Read] = {}
        self._listing: Listing | None = None

    @property
    def listing(self) -> Listing:
        """The newest listing; the first use looks."""
        return self._listing or self.scan()

    def scan(self) -> Listing:
        """Look again. The same object comes back where nothing changed."""
        if not self._shipped:
            self._shipped = {template.id: template for template in _shipped()}
        read = {path: self._look_at(path) for path in self._paths()}
        unreadable = self._folder_faults()
        if self._listing is None or read != self._read or unreadable:
            self._read = read
            listing = self._collect(unreadable)
            if listing != self._listing and not _same_faults(listing, self._listing):
                self._listing = listing
        assert self._listing is not None
        return self._listing

    def get(self, name: str) -> Template:
        """The template of an id or name, in upper or lower case; ids go first.

        Raises:
            TemplateNotFound: There is none; the hint has the nearest, or says what is wrong with its file.
        """
        listing = self.listing
        wanted = name.strip().casefold()
        for attribute in ("id", "name"):
            for template in listing.templates:
                if str(getattr(template, attribute)).casefold() == wanted:
                    return template
        for fault in listing.faults:
            if Path(fault.file).stem.casefold() == wanted:
                title = f"The template {short(name)} can't be used: {fault.file}, line {fault.line}: {fault.title}"
                raise TemplateNotFound(title, fault.hint)
        near = nearest(name, [word for template in listing.templates for word in (template.id, template.name)])
        hint = f'Did you mean "{near}"?' if near else "`tunesmith templates list` names those that there are"
        raise TemplateNotFound(f"No template is called {short(name)}", hint)

    def source(self, name: str) -> str:
        """The text of a template's file.

        Raises:
            TemplateNotFound: As from `get`.
            TemplateFault: The file went away or can't be read.
        """
        template = self.get(name)
        file = self.listing.files.get(template.id, "")
        return read_text(Path(file)) if file else _shipped_text(template.id)

    def _paths(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if path.suffix == ".toml" and path.name[0] != ".")
        except OSError:
            return []

    def _folder_faults(self) -> tuple[TemplateFault, ...]:
        """A folder that is there and can't be listed."""
        try:
            next(self.folder.iterdir(), None)
        except FileNotFoundError:
            return ()
        except OSError as error:
            hint = "Templates of your own are looked for there"
            return (TemplateFault(f"the folder can't be read: {error.strerror}", hint, file=str(self.folder)),)
        return ()

    def _look_at(self, path: Path) -> _Read:
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
        except OSError:
            stamp = (0, -1)
        known = self._read.get(path)
        return known if known is not None and known.stamp == stamp else _Read(stamp, parse_file(path))

    def _collect(self, faults: tuple[TemplateFault, ...]) -> Listing:
        own = [(r.parsed.template, str(path)) for path, r in self._read.items() if r.parsed.template]
        overriding = {template.id.casefold(): template for template, _ in own}
        shipped = [overriding.get(id_, template) for id_, template in self._shipped.items()]
        others = [template for template, _ in own if template.id.casefold() not in self._shipped]
        others.sort(key=lambda template: (template.name.casefold(), template.id))
        return Listing(
            templates=(*shipped, *others),
            faults=(*faults, *(fault for read in self._read.values() for fault in read.parsed.faults)),
            files={template.id: "" for template in shipped} | {template.id: file for template, file in own},
        )


def default_template_id(model: ModelInfo | None) -> str:
    """The template to begin with: the model's own where it has one."""
    return "own" if model is not None and model.chat_template else "plain"


def parse_file(path: Path) -> Parsed:
    """Read a template file; whatever is wrong with it is among the faults."""
    try:
        text = read_text(path)
    except TemplateFault as fault:
        return Parsed(None, (fault,))
    return parse(text, template_id=path.stem, file=str(path))


def find_template(library: Library, name: str) -> Template:
    """The template of an id or name, or of a file anywhere, whose name ends in .toml.

    Raises:
        TemplateNotFound: There is none of that name.
        TemplateFault: The file can't be read, or has faults: the first is told, with its line.
    """
    if not name.lower().endswith(".toml"):
        return library.get(name)
    return good_template(parse_file(Path(name).expanduser()))


def good_template(parsed: Parsed) -> Template:
    """What was read, where it has no faults.

    Raises:
        TemplateFault: The first fault, with its file and line, and how many more there are.
    """
    if parsed.template is None:
        raise _counted(parsed.faults)
    return parsed.template


def _counted(faults: tuple[TemplateFault, ...]) -> TemplateFault:
    first, more = faults[0], len(faults) - 1
    place = f", line {first.line}" if first.line else ""
    title = f"{first.file}{place}: {first.title}"
    title += f" (and {more} more)" if more else ""
    return TemplateFault(title, first.hint, file=first.file, line=first.line)


def read_text(path: Path) -> str:
    """The text of a template file.

    Raises:
        TemplateFault: It is no file, too big, unreadable or not UTF-8.
    """
    file = str(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "not an ordinary file"
            raise TemplateFault(f"it is {what}", "A template is a text file that ends in .toml", file=file)
        if status.st_size > MAX_FILE_BYTES:
            title = f"it has {status.st_size:,} bytes"
            raise TemplateFault(title, f"A template has at most {MAX_FILE_BYTES:,}", file=file)
        with path.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        title = f"it can't be read: {error.strerror or error}"
        raise TemplateFault(title, "Look at the path and its permissions", file=file) from None
    if len(raw) > MAX_FILE_BYTES:
        raise TemplateFault("it has grown too big", f"A template has at most {MAX_FILE_BYTES:,} bytes", file=file)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise TemplateFault("it is not UTF-8 text", "Save it as UTF-8", file=file, line=line) from None


def _shipped() -> Iterator[Template]:
    for template_id in _SHIPPED_ORDER:
        template = parse(_shipped_text(template_id), template_id=template_id, check_body=False).template
        assert template is not None, f"the shipped template {template_id} is faulty"
        yield template


def _shipped_text(template_id: str) -> str:
    from importlib import resources

    return resources.files("engine.templates").joinpath("shipped", f"{template_id}.toml").read_text("utf-8")


def _same_faults(new: Listing, old: Listing | None) -> bool:
    """Whether two listings differ only in faults that say the same."""
    if old is None or new.templates != old.templates or new.files != old.files:
        return False
    return [(f.file, f.line, f.title) for f in new.faults] == [(f.file, f.line, f.title) for f in old.faults]
