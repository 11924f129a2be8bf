"""`tunesmith tune`: fine-tune a model on data, in a process that outlives this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
import typer

from engine.cli.group import command_group
from engine.cli.output import narrate, out_json
from engine.cli.run_words import watch
from engine.corpus.spec import DataSpec
from engine.errors import Misuse
from engine.paths import Paths, anchored, find_paths
from engine.protocol import Template
from engine.runs import Plan, RunFolder, create, start
from engine.runs.plan import Method, Precision, Schedule, read_plan
from engine.templates import Library

_Struct = TypeVar("_Struct", bound=msgspec.Struct)

app = command_group("Fine-tune a model on data.")


@app.command()
def tune(
    *,
    model: Annotated[str, typer.Option(metavar="REF", help="What to start from: a hub name, a folder, run:NAME.")] = "",
    data: Annotated[str, typer.Option(metavar="PATH|NAME", help="A file, a folder, or a hub data set.")] = "",
    plan: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Repeat a plan.json; other options change it.", dir_okay=False)
    ] = None,
    split: Annotated[str | None, typer.Option(metavar="S", help="The split to train on.")] = None,
    config: Annotated[str | None, typer.Option(metavar="C", help="The configuration of a hub data set.")] = None,
    text_column: Annotated[str | None, typer.Option(metavar="C", help="Raw text.")] = None,
    prompt_column: Annotated[str | None, typer.Option(metavar="C", help="The prompt or instruction.")] = None,
    input_column: Annotated[str | None, typer.Option(metavar="C", help="What an instruction is about.")] = None,
    completion_column: Annotated[str | None, typer.Option(metavar="C", help="What should be answered.")] = None,
    label_column: Annotated[str | None, typer.Option(metavar="C", help="The label of a text.")] = None,
    messages_column: Annotated[str | None, typer.Option(metavar="C", help="A chat's messages.")] = None,
    label_words: Annotated[
        str | None, typer.Option(metavar="A,B", help="What the labels are called, in their order.")
    ] = None,
    template: Annotated[str | None, typer.Option(metavar="NAME", help="How prompts are dressed.")] = None,
    max_rows: Annotated[int | None, typer.Option(metavar="N", help="Use so many rows; 0 uses all.")] = None,
    skip_faulty: Annotated[bool, typer.Option("--skip-faulty", help="Go on without rows that have a fault.")] = False,
    streaming: Annotated[bool, typer.Option("--streaming", help="Keep nothing of a hub data set on the disk.")] = False,
    loss_on: Annotated[
        Literal["completion", "all"] | None, typer.Option(help="What to learn: completions alone, or all.")
    ] = None,
    method: Annotated[Method | None, typer.Option(help="What learns; lora by default.")] = None,
    lora_rank: Annotated[int | None, typer.Option(metavar="N", help="Of LoRA's matrices.")] = None,
    lora_alpha: Annotated[int | None, typer.Option(metavar="N", help="Of LoRA; twice the rank by default.")] = None,
    lora_targets: Annotated[str | None, typer.Option(metavar="A,B", help="Modules; by the architecture.")] = None,
    virtual_tokens: Annotated[int | None, typer.Option(metavar="N", help="Of a soft prompt, 8 to 100.")] = None,
    prompt_text: Annotated[str | None, typer.Option(metavar="TEXT", help="What a soft prompt starts as.")] = None,
    epochs: Annotated[float | None, typer.Option(metavar="F", help="How often each row is seen.")] = None,
    max_steps: Annotated[int | None, typer.Option(metavar="N", help="End after so many steps.")] = None,
    learning_rate: Annotated[float | None, typer.Option(metavar="F", help="By method and size.")] = None,
    schedule: Annotated[Schedule | None, typer.Option(help="How the rate falls.")] = None,
    batch_tokens: Annotated[int | None, typer.Option(metavar="N", help="Tokens of one step.")] = None,
    pack_tokens: Annotated[int | None, typer.Option(metavar="N", help="Tokens at once: memory.")] = None,
    max_length: Annotated[int | None, typer.Option(metavar="N", help="Cut rows at so many tokens.")] = None,
    no_packing: Annotated[bool, typer.Option("--no-packing", help="Pad rows instead.")] = False,
    precision: Annotated[Precision | None, typer.Option(help="Of matrix products.")] = None,
    gradient_checkpointing: Annotated[
        bool, typer.Option("--gradient-checkpointing", help="Less memory, more time.")
    ] = False,
    eval_fraction: Annotated[float | None, typer.Option(metavar="F", help="Share of rows held out.")] = None,
    evaluate_every: Annotated[int | None, typer.Option(metavar="N", help="Steps.")] = None,
    patience: Annotated[int | None, typer.Option(metavar="N", help="End after N evaluations without gain.")] = None,
    keep_last: Annotated[int | None, typer.Option(metavar="N", help="Newest checkpoints to keep.")] = None,
    keep_best: Annotated[int | None, typer.Option(metavar="N", help="Best checkpoints to keep.")] = None,
    probe: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="Ask this each time; may come often.")] = None,
    device: Annotated[str | None, typer.Option(metavar="NAME", help="auto, cpu, cuda, mps.")] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", help="Of torch.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="The same seed repeats a run.")] = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="What to call the run.")] = "",
    launcher: Annotated[str | None, typer.Option(metavar="CMD", help='Such as "torchrun --nproc-per-node 2".')] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Watch it; Ctrl+C ends the watching alone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; with --follow every event.")] = False,
) -> None:
    """Fine-tune a model. The run goes on in the background, whatever becomes of this terminal."""
    paths = find_paths()
    start_from = read_plan(plan) if plan is not None else None
    if start_from is None and not (model and data):
        raise Misuse("Name a model and data, or a plan", "tunesmith tune --model gpt2 --data reviews.jsonl")
    spec = _changed(
        start_from.data if start_from else DataSpec(source=""),
        source=anchored(data) or None,
        split=split,
        config=config,
        text_column=text_column,
        prompt_column=prompt_column,
        input_column=input_column,
        completion_column=completion_column,
        label_column=label_column,
        messages_column=messages_column,
        label_words=_words(label_words),
        template=_template(paths, template),
        max_rows=max_rows,
        skip_faulty=skip_faulty or None,
        streaming=streaming or None,
        loss_on=loss_on,
        eval_fraction=eval_fraction,
        seed=seed,
    )
    before = start_from or Plan(model="", data=spec)
    rank = lora_rank if lora_rank is not None else before.lora.rank
    alpha = lora_alpha if lora_alpha is not None else (2 * rank if lora_rank is not None else None)
    wanted = _changed(
        before,
        model=anchored(model) or None,
        data=spec,
        method=method,
        lora=_changed(before.lora, rank=lora_rank, alpha=alpha, targets=_words(lora_targets)),
        soft_prompt=_changed(before.soft_prompt, virtual_tokens=virtual_tokens, text=prompt_text),
        epochs=epochs,
        max_steps=max_steps,
        learning_rate=learning_rate,
        schedule=schedule,
        batch_tokens=batch_tokens,
        pack_tokens=pack_tokens,
        max_length=max_length,
        packing=False if no_packing else None,
        precision=precision,
        gradient_checkpointing=gradient_checkpointing or None,
        evaluate_every=evaluate_every,
        patience=patience,
        keep_last=keep_last,
        keep_best=keep_best,
        probes=tuple(probe) if probe else None,
        device=device,
        threads=threads,
        seed=seed,
        launcher=launcher,
    )
    _begin(create(paths.runs, wanted, name), follow=follow, as_json=as_json)


def _begin(run: RunFolder, *, follow: bool, as_json: bool) -> None:
    pid = start(run)
    if as_json and not follow:
        out_json({"name": run.name, "folder": str(run.path), "pid": pid})
    elif not as_json:
        narrate(f"Started {run.name}. It goes on without this terminal.")
        narrate(f"Watch it: tunesmith runs follow {run.name} · pause it: tunesmith runs pause {run.name}")
    if follow:
        watch(run, as_json=as_json)


def _changed(before: _Struct, **changes: object) -> _Struct:
    """Set what somebody set; None leaves a field alone."""
    given = {name: value for name, value in changes.items() if value is not None}
    return msgspec.structs.replace(before, **given)


def _words(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(word.strip() for word in text.split(",") if word.strip())


def _template(paths: Paths, name: str | None) -> Template | None:
    return Library(paths.templates).get(name) if name else None
