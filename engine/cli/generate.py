"""`tunesmith generate`: one reply to one prompt, by the same model host as the screen's."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
import typer

from engine.cli.group import command_group
from engine.cli.hosting import follow, load_model
from engine.cli.input import standard_input
from engine.cli.narration import ReplyView
from engine.cli.output import narrate
from engine.client import HostClient
from engine.errors import Cancelled
from engine.models.reference import check_text
from engine.paths import find_paths
from engine.protocol import Generate, LoadModel, Prompt, SamplingChange, Template, Turn
from engine.sampling import check_sampling, sampling_for
from engine.settings import Settings, load_settings
from engine.templates import Library, default_template_id
from engine.templates.message import begins_from_nothing
from engine.templates.variables import read_variables

app = command_group("Write a reply to a prompt.")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    model: str
    text: str
    template: Template | None
    """None lets the model decide."""
    variables: tuple[str, ...] = ()
    """NAME=TEXT pairs."""
    sampling: SamplingChange = SamplingChange()
    stop: tuple[str, ...] = ()
    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0


@app.command()
def generate(
    *,
    model: Annotated[str, typer.Option(metavar="REF", help="A hub name, a folder or a .gguf file.")],
    prompt: Annotated[
        str,
        typer.Option(
            metavar="TEXT|-",
            help="What to answer; - reads it from standard input. Empty, with plain, it begins from nothing.",
        ),
    ],
    template: Annotated[str, typer.Option(metavar="NAME", help="The prompt template; the model decides without.")] = "",
    var: Annotated[list[str] | None, typer.Option(metavar="K=V", help="Fill in a variable; may come often.")] = None,
    max_new_tokens: Annotated[int | None, typer.Option(metavar="N", help="The longest reply.")] = None,
    temperature: Annotated[float | None, typer.Option(metavar="F", help="0 always takes the likeliest token.")] = None,
    top_k: Annotated[int | None, typer.Option(metavar="N", help="Keep the N likeliest tokens; 0 keeps all.")] = None,
    top_p: Annotated[float | None, typer.Option(metavar="F", help="Keep the likeliest that add up to F.")] = None,
    min_p: Annotated[float | None, typer.Option(metavar="F", help="Keep those F times as likely as the best.")] = None,
    repetition_penalty: Annotated[float | None, typer.Option(metavar="F", help="Above 1 repeats less.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="The same seed gives the same reply.")] = None,
    stop: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="End before this; may come often.")] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda, cuda:N or mps.")] = "",
    dtype: Annotated[str, typer.Option(metavar="NAME", help="auto, float32, float16, bfloat16, int8.")] = "",
    threads: Annotated[int | None, typer.Option(metavar="N", help="Of torch; 0 lets the program choose.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the protocol's events as JSON lines.")] = False,
) -> None:
    """Write a reply to a prompt. The reply goes to standard output as it comes, everything else to standard error."""
    paths = find_paths()
    settings = load_settings(paths.settings_file)
    library = Library(paths.templates)
    named = template or settings.template
    flags = SamplingChange(
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        repetition_penalty=repetition_penalty,
        max_new_tokens=max_new_tokens,
        seed=seed,
    )
    check_sampling(flags)
    check_text(model)
    request = Request(
        model=model,
        text=standard_input("prompt") if prompt == "-" else _argument(prompt),
        template=library.get(named) if named else None,
        variables=tuple(map(_argument, var or ())),
        sampling=flags,
        stop=tuple(map(_argument, stop or ())),
        device=_argument(device) or settings.device,
        dtype=_argument(dtype) or settings.dtype,
        threads=settings.threads if threads is None else threads,
    )
    if request.template is not None:
        begins_from_nothing(_prompt(request, request.template))  # what is wrong is told before a model is loaded
    try:
        asyncio.run(run(request, HostClient(), library, settings, ReplyView(as_json=as_json)))
    except KeyboardInterrupt:
        raise Cancelled("Interrupted") from None


async def run(request: Request, client: HostClient, library: Library, settings: Settings, view: ReplyView) -> None:
    """Load the model, answer, and end the host.

    Raises:
        TunesmithError: The load or the reply failed.
    """
    try:
        load = LoadModel(
            id=client.next_id(),
            ref=request.model,
            device=request.device,
            dtype=request.dtype,
            threads=request.threads,
        )
        info = await load_model(client, load, view)
        template = request.template or info.template or library.get(default_template_id(info))
        prompt = _prompt(request, template)
        if begins_from_nothing(prompt):
            narrate("The prompt is empty: the model begins from nothing.")
        command = Generate(
            id=client.next_id(),
            prompt=prompt,
            sampling=sampling_for(settings.sampling, template.sampling, request.sampling),
            stop=request.stop,
        )
        await follow(client, command, view)
    finally:
        view.finish()
        await client.aclose()


def _prompt(request: Request, template: Template) -> Prompt:
    return Prompt(
        template=template,
        turns=(Turn(role="user", text=request.text),),
        variables=read_variables(template, request.variables),
    )


def _argument(text: str) -> str:
    """An argument whose bytes are no UTF-8 comes with surrogates, which can't be sent on."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
