"""`tunesmith templates render`: exactly what a model would see."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from engine.cli.hosting import follow, load_model
from engine.cli.input import standard_input
from engine.cli.narration import ReplyView
from engine.cli.output import is_terminal, narrate, out, out_json
from engine.client import HostClient
from engine.errors import Cancelled, Failed, Misuse
from engine.models.reference import check_text
from engine.paths import find_paths
from engine.protocol import CountTokens, LoadModel, ModelInfo, Prompt, TokensCounted, Turn
from engine.sampling import sampling_for
from engine.settings import load_settings
from engine.templates import Library, render
from engine.templates.library import find_template
from engine.templates.variables import read_variables


def render_(
    name: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="What `templates list` shows as ID or NAME, or a .toml file.")
    ],
    *,
    message: Annotated[str, typer.Option(metavar="TEXT|-", help="The message; - reads it from standard input.")],
    var: Annotated[list[str] | None, typer.Option(metavar="K=V", help="Fill in a variable; may come often.")] = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="REF", help="Load this model: fits its window, and shows the token that it puts in front."
        ),
    ] = "",
    chat_template: Annotated[
        Path | None,
        typer.Option(
            "--model-chat-template",
            metavar="FILE",
            help="For the model's own template: a Jinja file, or the model's tokenizer_config.json.",
            dir_okay=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Print exactly what the model would see; with --model, down to the token in front."""
    template = find_template(Library(find_paths().templates), name)
    if model and chat_template is not None:
        raise Misuse("--model brings its own chat template", "Give either --model or --model-chat-template")
    text = standard_input("message") if message == "-" else message
    prompt = Prompt(
        template=template,
        turns=(Turn(role="user", text=text),),
        variables=read_variables(template, var or ()),
    )
    counted: TokensCounted | None = None
    if model:
        check_text(model)
        counted = _counted(model, prompt)
        rendered = counted.beginning + counted.text
        narrate(f"{counted.tokens:,} of {counted.context_tokens:,} tokens")
    elif template.uses_chat_template and chat_template is None:
        title = f'The template "{template.name}" is made by the model, and no model is loaded here'
        raise Misuse(title, "Name a model with --model, or the file of its chat template with --model-chat-template")
    else:
        rendered = render(prompt, _of_file(chat_template) if chat_template else None)
    if as_json:
        out_json(_object(prompt, rendered, counted))
    else:
        # Into a pipe it goes byte for byte; on a terminal the shell's next prompt wants a line of its own.
        out(rendered, end="\n" if is_terminal(sys.stdout) else "")


def _object(prompt: Prompt, rendered: str, counted: TokensCounted | None) -> dict[str, Any]:
    template = prompt.template
    found: dict[str, Any] = {
        "text": rendered,
        "id": template.id,
        "name": template.name,
        "kind": template.kind,
        "description": template.description,
        "variables": template.variables,
        "stop": template.stop,
        "sampling": template.sampling,
    }
    if counted is not None:
        found |= {
            "tokens": counted.tokens,
            "context_tokens": counted.context_tokens,
            "beginning": counted.beginning,
        }
    return found


def _counted(model: str, prompt: Prompt) -> TokensCounted:
    try:
        return asyncio.run(_ask(model, prompt, HostClient(), ReplyView(as_json=False)))
    except KeyboardInterrupt:
        raise Cancelled("Interrupted") from None


async def _ask(model: str, prompt: Prompt, client: HostClient, view: ReplyView) -> TokensCounted:
    settings = load_settings(find_paths().settings_file)
    load = LoadModel(
        id=client.next_id(), ref=model, device=settings.device, dtype=settings.dtype, threads=settings.threads
    )
    room_tokens = sampling_for(settings.sampling, prompt.template.sampling).max_new_tokens
    try:
        await load_model(client, load, view)
        command = CountTokens(id=client.next_id(), prompt=prompt, max_new_tokens=room_tokens, with_text=True)
        event = await follow(client, command, view)
    finally:
        view.finish()
        await client.aclose()
    if not isinstance(event, TokensCounted):
        raise Failed(f"{model} did not read the prompt: the model host answered with {type(event).__name__}")
    return event


def _of_file(file: Path) -> ModelInfo:
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
