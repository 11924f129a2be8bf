"""The options that say how a model is trained: all that a plan holds."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from engine.cli.data_options import DataOptions, told_spec
from engine.cli.option_sets import changed, words
from engine.models.reference import anchored_model
from engine.paths import anchored
from engine.runs.plan import Method, Plan, Precision, Schedule

_Switch = bool | None


class PlanOptions(DataOptions, total=False):
    """What can be told of a plan; None where nothing was."""

    eval_fraction: Annotated[float | None, typer.Option(metavar="F", help="Share of rows held out.")]
    eval_split: Annotated[str | None, typer.Option(metavar="S", help="Hold out this split instead.")]
    eval_source: Annotated[str | None, typer.Option(metavar="PATH|NAME", help="Hold out other data instead.")]
    skip_faulty: Annotated[
        _Switch, typer.Option("--skip-faulty/--no-skip-faulty", help="Go on without rows that have a fault.")
    ]

    method: Annotated[Method | None, typer.Option(help="What learns; lora by default.")]
    lora_rank: Annotated[int | None, typer.Option(metavar="N", help="Of LoRA's matrices.")]
    lora_alpha: Annotated[int | None, typer.Option(metavar="N", help="Of LoRA; twice the rank by default.")]
    lora_dropout: Annotated[float | None, typer.Option(metavar="F", help="Of LoRA: share of inputs left out.")]
    lora_targets: Annotated[str | None, typer.Option(metavar="A,B", help="Modules; by the architecture.")]
    virtual_tokens: Annotated[int | None, typer.Option(metavar="N", help="Of a soft prompt, 8 to 100.")]
    prompt_text: Annotated[str | None, typer.Option(metavar="TEXT", help="What a soft prompt starts as.")]

    epochs: Annotated[float | None, typer.Option(metavar="F", help="How often each row is seen.")]
    max_steps: Annotated[int | None, typer.Option(metavar="N", help="End after so many steps.")]
    learning_rate: Annotated[float | None, typer.Option(metavar="F", help="By method and size.")]
    schedule: Annotated[Schedule | None, typer.Option(help="How the rate falls.")]
    warmup_share: Annotated[float | None, typer.Option(metavar="F", help="Of all steps, with a rate that rises.")]
    weight_decay: Annotated[float | None, typer.Option(metavar="F", help="Pulls weights to 0.")]
    clip_norm: Annotated[float | None, typer.Option(metavar="F", help="Largest norm of gradients; 0: any.")]
    batch_tokens: Annotated[int | None, typer.Option(metavar="N", help="Useful tokens of one step.")]
    pack_tokens: Annotated[int | None, typer.Option(metavar="N", help="Tokens at once: memory.")]
    max_length: Annotated[int | None, typer.Option(metavar="N", help="Cut rows at so many tokens.")]
    packing: Annotated[_Switch, typer.Option("--packing/--no-packing", help="Rows side by side, or padded.")]

    evaluate_every: Annotated[int | None, typer.Option(metavar="N", help="Steps.")]
    evaluation_rows: Annotated[int | None, typer.Option(metavar="N", help="Read each time; 0 reads all.")]
    patience: Annotated[int | None, typer.Option(metavar="N", help="End after N evaluations without gain.")]
    save_every: Annotated[int | None, typer.Option(metavar="N", help="Steps; with each evaluation by default.")]
    keep_last: Annotated[int | None, typer.Option(metavar="N", help="Newest checkpoints to keep.")]
    keep_best: Annotated[int | None, typer.Option(metavar="N", help="Best checkpoints to keep.")]
    probe: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="Ask this each time; may come often.")]
    probe_tokens: Annotated[int | None, typer.Option(metavar="N", help="Length of the answers.")]
    generic_text: Annotated[str | None, typer.Option(metavar="FILE", help="A text to measure forgetting on.")]

    precision: Annotated[Precision | None, typer.Option(help="Of matrix products.")]
    gradient_checkpointing: Annotated[
        _Switch,
        typer.Option("--gradient-checkpointing/--no-gradient-checkpointing", help="Less memory, more time."),
    ]
    device: Annotated[str | None, typer.Option(metavar="NAME", help="auto, cpu, cuda, mps.")]
    threads: Annotated[int | None, typer.Option(metavar="N", help="Of torch.")]
    polite: Annotated[_Switch, typer.Option("--polite/--no-polite", help="Let everything else go first.")]
    preflight: Annotated[_Switch, typer.Option("--preflight/--no-preflight", help="Try the largest step first.")]
    launcher: Annotated[str | None, typer.Option(metavar="CMD", help='Such as "torchrun --nproc-per-node 2".')]


_HELD_OUT = ("eval_fraction", "eval_split", "skip_faulty")


def told_plan(before: Plan, model: str, source: str, options: PlanOptions) -> Plan:
    """Change a plan as the options say.

    Args:
        before: What holds where they say nothing.
        model: A reference; empty leaves the model alone.
        source: A file, a folder or a hub name; empty leaves the data alone.
        options: As typed.

    Raises:
        Misuse: A variable is set that the template does not have.
        TemplateNotFound: There is no such template.
    """
    told: dict[str, Any] = dict(options)
    data_options: Any = {name: told.get(name) for name in DataOptions.__annotations__}
    held_out = {name: told.get(name) for name in _HELD_OUT}
    rank, alpha = told.get("lora_rank"), told.get("lora_alpha")
    lora = {
        "rank": rank,
        "alpha": 2 * rank if rank is not None and alpha is None else alpha,
        "dropout": told.get("lora_dropout"),
        "targets": words(told.get("lora_targets")),
    }
    soft_prompt = {"virtual_tokens": told.get("virtual_tokens"), "text": told.get("prompt_text")}
    data = changed(
        told_spec(before.data, source, data_options), {**held_out, "eval_source": _place(told.get("eval_source"))}
    )
    names = set(Plan.__struct_fields__)
    return changed(
        before,
        {
            **{name: value for name, value in told.items() if name in names},
            "model": anchored_model(model or "") or None,
            "data": data,
            "lora": changed(before.lora, lora),
            "soft_prompt": changed(before.soft_prompt, soft_prompt),
            "probes": tuple(told["probe"]) if told.get("probe") else None,
            "generic_text": _place(told.get("generic_text")),
        },
    )


def _place(name: str | None) -> str | None:
    return None if name is None else anchored(name)
