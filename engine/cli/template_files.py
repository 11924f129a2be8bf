"""`tunesmith templates new`, `duplicate`, `rename`, `delete`, `restore`, `import` and `export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.output import narrate, out, out_json
from engine.display import visible_line
from engine.paths import find_paths
from engine.templates import Library, authoring
from engine.templates.drafts import TemplateDrafts

Name = Annotated[str, typer.Argument(metavar="NAME", help="What `templates list` shows as ID or NAME.")]
NewName = Annotated[str, typer.Argument(metavar="NEW_NAME", help="What lists will call it; its file too.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `tunesmith templates`."""
    app.command("new")(_new)
    app.command("duplicate")(_duplicate)
    app.command("rename")(_rename)
    app.command("delete")(_delete)
    app.command("restore")(_restore)
    app.command("import")(_import)
    app.command("export")(_export)


def _new(name: NewName, as_json: AsJson = False) -> None:
    """Make a template of your own from a skeleton, and print where it is."""
    _print(_made(authoring.create(_library(), name)), as_json=as_json)


def _duplicate(name: Name, new_name: NewName, as_json: AsJson = False) -> None:
    """Copy a template, a shipped one too, under another name."""
    _print(_made(authoring.duplicate(_library(), name, new_name)), as_json=as_json)


def _rename(name: Name, new_name: NewName, as_json: AsJson = False) -> None:
    """Give a template of your own another name, and its file with it."""
    library = _library()
    old = authoring.open_source(library, name).id
    file = authoring.rename(library, name, new_name)
    if file.stem != old:
        _made(file)
        TemplateDrafts(find_paths().template_drafts).move(old, file.stem)
    _print(file, as_json=as_json)


def _delete(name: Name, as_json: AsJson = False) -> None:
    """Take a template of your own out of the list; `templates restore` brings it back."""
    deleted = authoring.delete(_library(), name)
    if as_json:
        out_json({"deleted": deleted})
    else:
        out(visible_line(deleted))
        narrate(f"`tunesmith templates restore {visible_line(deleted)}` brings it back")


def _restore(name: Name, as_json: AsJson = False) -> None:
    """Bring back a template that was deleted."""
    _print(authoring.restore(_library(), name), as_json=as_json)


def _import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A template file from anywhere.")],
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="Call it this; by default as the file says.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take a template file in among your own; one with faults is refused."""
    _print(_made(authoring.import_file(_library(), file, name)), as_json=as_json)


def _export(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; into a folder it goes as ID.toml.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a template to a file, to share it or to keep it; folders on the way are made."""
    folder = file.parent
    is_new = not folder.exists()
    _print(authoring.export_file(_library(), name, file, overwrite=force), as_json=as_json)
    if is_new:
        narrate(f"Made the folder {visible_line(str(folder))}")


def _made(file: Path) -> Path:
    """A template is there now; a draft of a deleted one of its name is not meant for it."""
    paths = find_paths()
    TemplateDrafts(paths.template_drafts).make_way(file.stem, paths.templates)
    return file


def _print(file: Path, *, as_json: bool) -> None:
    if as_json:
        out_json({"id": file.stem, "file": str(file)})
    else:
        out(visible_line(str(file)))


def _library() -> Library:
    return Library(find_paths().templates)
