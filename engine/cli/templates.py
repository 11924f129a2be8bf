"""`tunesmith templates`: what templates there are, what a model would see of one, and whether files are good."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from engine.cli.group import command_group
from engine.cli.input import standard_input
from engine.cli.output import is_terminal, narrate, out, out_json, table, terminal_columns
from engine.display import visible_line
from engine.errors import Failed, Misuse, TemplateFault
from engine.paths import find_paths
from engine.protocol import ModelInfo, Prompt, Template, Turn
from engine.templates import Library, Listing, parse, render
from engine.templates.library import parse_file
from engine.templates.variables import read_variables

app = command_group("List, show, render and check prompt templates.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What `templates list` shows as ID or NAME.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
_FAULTY = 2


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the templates: the shipped ones and your own."""
    library = _library()
    listing = library.scan()
    if as_json:
        for template in listing.templates:
            out_json({**_summary(template), "file": listing.files[template.id] or None})
        for fault in listing.faults:
            out_json({"fault": _fault_object(fault)})
        return
    rows = [(t.id, t.name, t.kind, _origin(listing, t), t.description) for t in listing.templates]
    columns = terminal_columns() if is_terminal(sys.stdout) else 0
    out(table(("ID", "NAME", "KIND", "FROM", "DESCRIPTION"), rows, columns=columns))
    if listing.faults:
        narrate("\nThese can't be used:")
        for fault in listing.faults:
            narrate(_fault_line(fault))
    elif not any(listing.files.values()):
        narrate(f"\nTemplates of your own go into {visible_line(str(library.folder))}")


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Print a template's file: a start for one of your own."""
    library = _library()
    template = library.get(name)
    source = library.source(name)
    if as_json:
        file = library.listing.files[template.id] or None
        out_json({"file": file, "source": source, "template": template})
    else:
        out(source, end="" if source.endswith("\n") else "\n")


@app.command("render")
def render_(
    name: Name,
    message: Annotated[str, typer.Option(metavar="TEXT|-", help="The message; - reads it from standard input.")],
    var: Annotated[list[str] | None, typer.Option(metavar="K=V", help="Fill in a variable; may come often.")] = None,
    chat_template: Annotated[
        Path | None,
        typer.Option(
            "--model-chat-template",
            metavar="FILE",
            help="For the model's own template: a Jinja file, or the model's tokenizer_config.json.",
            dir_okay=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print exactly what the model would see."""
    template = _library().get(name)
    text = standard_input("message") if message == "-" else message
    variables = read_variables(template, var or ())
    if template.uses_chat_template and chat_template is None:
        title = f'The template "{template.name}" is made by the model, and no model is loaded here'
        raise Misuse(title, "Give the file of its chat template with --model-chat-template")
    prompt = Prompt(template=template, turns=(Turn(role="user", text=text),), variables=variables)
    rendered = render(prompt, _model(chat_template) if chat_template else None)
    if as_json:
        out_json({"text": rendered, **_summary(template), "stop": template.stop, "sampling": template.sampling})
    else:
        # Into a pipe it goes byte for byte; on a terminal the shell's next prompt wants a line of its own.
        out(rendered, end="\n" if is_terminal(sys.stdout) else "")


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="All of your own by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look for faults in template files; the exit code is 2 where there are any."""
    library = _library()
    listing = library.scan()
    results: dict[str, tuple[TemplateFault, ...]] = {}
    if files:
        results = {str(file): parse_file(file).faults for file in files}
    else:
        for template in listing.templates:
            file = listing.files[template.id]
            results[file or template.id] = () if file else _shipped_faults(library, template)
        for fault in listing.faults:
            results[fault.file] = (*results.get(fault.file, ()), fault)
    for file, faults in results.items():
        if as_json:
            out_json({"file": file, "ok": not faults, "faults": [_fault_object(fault) for fault in faults]})
        else:
            out("\n".join(_fault_line(fault) for fault in faults) if faults else f"{visible_line(file)}: good")
    if any(results.values()):
        raise typer.Exit(_FAULTY)


def _library() -> Library:
    return Library(find_paths().templates)


def _summary(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        "name": template.name,
        "kind": template.kind,
        "description": template.description,
        "variables": template.variables,
    }


def _origin(listing: Listing, template: Template) -> str:
    file = listing.files[template.id]
    return Path(file).name if file else "shipped"


def _shipped_faults(library: Library, template: Template) -> tuple[TemplateFault, ...]:
    return parse(library.source(template.id), template_id=template.id).faults


def _fault_line(fault: TemplateFault) -> str:
    place = f"{fault.file}:{fault.line}" if fault.line else fault.file
    return f"{visible_line(place)}: {visible_line(str(fault))}"


def _fault_object(fault: TemplateFault) -> dict[str, Any]:
    return {"file": fault.file, "line": fault.line or None, "title": fault.title, "hint": fault.hint}


def _model(file: Path) -> ModelInfo:
    """A model of which nothing is known but its chat template."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"{file} can't be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}") from None
    config: dict[str, Any] = {"chat_template": text}
    if file.suffix == ".json":
        try:
            config = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError:
            raise Failed(f"{file} is not a JSON object", "Give the model's tokenizer_config.json") from None
    template = config.get("chat_template")
    if not isinstance(template, str):
        raise Failed(f"{file} has no chat_template", "Newer models keep it in chat_template.jinja, beside that file")
    return ModelInfo(
        ref=str(file),
        name=file.name,
        architecture="",
        kind="instruct",
        parameters=0,
        size_bytes=0,
        context_tokens=0,
        vocabulary=0,
        device="",
        dtype="",
        chat_template=template,
        bos_token=_token(config.get("bos_token")),
        eos_token=_token(config.get("eos_token")),
    )


def _token(value: object) -> str:
    """A special token: a text, or an object that has it as its content."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else ""
