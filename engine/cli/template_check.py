"""`tunesmith templates check`: faults, and the traps that are none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from engine.cli.hosting import load_model
from engine.cli.narration import ReplyView
from engine.cli.output import out, out_json
from engine.client import HostClient
from engine.display import visible_line
from engine.errors import Cancelled, ContextOverflow, TemplateFault
from engine.host_words import error_of
from engine.models.reference import check_text
from engine.paths import find_paths
from engine.protocol import CountTokens, Failed, LoadModel, ModelInfo, Prompt, Template, TokensCounted, Turn
from engine.sampling import sampling_for
from engine.settings import load_settings
from engine.templates import Library, parse
from engine.templates.library import read_text
from engine.templates.traps import SAMPLE_MESSAGE, Trap, find_traps, overflow_trap

_FAULTY = 2


class Checked(msgspec.Struct):
    """A file, and what was found in it."""

    file: str
    text: str = ""
    template: Template | None = None
    faults: tuple[TemplateFault, ...] = ()
    traps: tuple[Trap, ...] = ()


def check(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="All of your own by default.")] = None,
    *,
    model: Annotated[
        str, typer.Option(metavar="REF", help="Load this model: also looks for what goes wrong with it alone.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Look for faults in template files; the exit code is 2 where there are any.

    Warnings are told too: what is allowed and still makes a model answer worse. They leave the exit code alone.
    """
    library = Library(find_paths().templates)
    checked = [_check_file(file) for file in files] if files else _check_all(library)
    if model:
        check_text(model)
        _with_model(model, checked)
    else:
        for one in checked:
            if one.template is not None:
                one.traps = find_traps(one.text, one.template)
    for one in checked:
        if as_json:
            out_json(_object(one))
        else:
            out("\n".join(_lines(one)))
    if any(one.faults for one in checked):
        raise typer.Exit(_FAULTY)


def fault_line(fault: TemplateFault) -> str:
    """A fault as compilers tell one: file, line, what it is."""
    return f"{_place(fault.file, fault.line)}: {visible_line(str(fault))}"


def fault_object(fault: TemplateFault) -> dict[str, Any]:
    """A fault for scripts."""
    return {"file": fault.file, "line": fault.line or None, "title": fault.title, "hint": fault.hint}


def _check_all(library: Library) -> list[Checked]:
    listing = library.scan()
    found = [
        _check_text(library.source(template.id), template.id, listing.files[template.id] or template.id)
        for template in listing.templates
    ]
    broken = dict.fromkeys(fault.file for fault in listing.faults)
    return found + [Checked(file, faults=tuple(f for f in listing.faults if f.file == file)) for file in broken]


def _check_file(file: Path) -> Checked:
    try:
        return _check_text(read_text(file), file.stem, str(file))
    except TemplateFault as fault:
        return Checked(str(file), faults=(fault,))


def _check_text(text: str, template_id: str, file: str) -> Checked:
    parsed = parse(text, template_id=template_id, file=file)
    return Checked(file, text, parsed.template, parsed.faults)


def _with_model(ref: str, checked: list[Checked]) -> None:
    try:
        asyncio.run(_ask(ref, checked, HostClient(), ReplyView(as_json=False)))
    except KeyboardInterrupt:
        raise Cancelled("Interrupted") from None


async def _ask(ref: str, checked: list[Checked], client: HostClient, view: ReplyView) -> None:
    settings = load_settings(find_paths().settings_file)
    load = LoadModel(
        id=client.next_id(), ref=ref, device=settings.device, dtype=settings.dtype, threads=settings.threads
    )
    try:
        model = await load_model(client, load, view)
        for one in checked:
            if one.template is not None:
                room = sampling_for(settings.sampling, one.template.sampling).max_new_tokens
                overflow = await _overflow(client, one, one.template, model, room)
                one.traps = (*find_traps(one.text, one.template, model), *((overflow,) if overflow else ()))
    finally:
        view.finish()
        await client.aclose()


async def _overflow(
    client: HostClient, one: Checked, template: Template, model: ModelInfo, room_tokens: int
) -> Trap | None:
    """What the host says of a short message with all the examples."""
    if not template.examples:
        return None
    prompt = Prompt(template=template, turns=(Turn(role="user", text=SAMPLE_MESSAGE),))
    command = CountTokens(id=client.next_id(), prompt=prompt, max_new_tokens=room_tokens)
    async for event in client.request(command):
        if isinstance(event, Failed) and event.code == ContextOverflow.code:
            return overflow_trap(one.text, template, sizes=event.title)
        if isinstance(event, Failed) and event.code not in (TemplateFault.code,):
            raise error_of(event)
        if isinstance(event, TokensCounted):
            break
    return None


def _lines(one: Checked) -> list[str]:
    lines = [fault_line(fault) for fault in one.faults]
    lines += [
        f"{_place(one.file, trap.line)}: warning: {visible_line(f'{trap.title}. {trap.why}. {trap.hint}')}"
        for trap in one.traps
    ]
    return lines or [f"{visible_line(one.file)}: good"]


def _object(one: Checked) -> dict[str, Any]:
    return {
        "file": one.file,
        "ok": not one.faults,
        "faults": [fault_object(fault) for fault in one.faults],
        "warnings": list(one.traps),
    }


def _place(file: str, line: int) -> str:
    return visible_line(f"{file}:{line}" if line else file)
