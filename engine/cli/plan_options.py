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

    eval_fraction: Annotated[
        float | None,
        typer.Option(metavar="F", help="Share of the rows to measure on instead of training; 0.05 by default."),
    ]
    eval_split: Annotated[str | None, typer.Option(metavar="S", help="Measure on this split of the data instead.")]
    eval_source: Annotated[
        str | None, typer.Option(metavar="PATH|NAME", help="Measure on another file or data set instead.")
    ]
    skip_faulty: Annotated[
        _Switch,
        typer.Option(
            "--skip-faulty/--no-skip-faulty", help="Leave out rows that can't be used; else they end the run."
        ),
    ]

    method: Annotated[
        Method | None,
        typer.Option(help="All weights, small matrices beside them (lora, the default), or a learned prompt."),
    ]
    lora_rank: Annotated[int | None, typer.Option(metavar="N", help="LoRA: width of its matrices; 16 by default.")]
    lora_alpha: Annotated[
        int | None, typer.Option(metavar="N", help="LoRA: the matrices count alpha / rank; twice the rank by default.")
    ]
    lora_dropout: Annotated[
        float | None, typer.Option(metavar="F", help="LoRA: share of inputs left out while training; 0 by default.")
    ]
    lora_targets: Annotated[
        str | None,
        typer.Option(
            metavar="A,B", help="LoRA: names of the modules that get matrices; by default all linears of the layers."
        ),
    ]
    virtual_tokens: Annotated[
        int | None, typer.Option(metavar="N", help="Soft prompt: how many vectors, 8 to 100; 20 by default.")
    ]
    prompt_text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Soft prompt: the text that the vectors start as.")
    ]

    epochs: Annotated[float | None, typer.Option(metavar="F", help="How often each row is seen; 3 by default.")]
    max_steps: Annotated[
        int | None, typer.Option(metavar="N", help="End after so many steps, whatever the epochs say.")
    ]
    learning_rate: Annotated[
        float | None, typer.Option(metavar="F", help="How far a step goes; by default by method and model size.")
    ]
    schedule: Annotated[Schedule | None, typer.Option(help="How the learning rate falls; cosine by default.")]
    warmup_share: Annotated[
        float | None,
        typer.Option(metavar="F", help="Share of the steps in which the learning rate rises from 0; 0.05 by default."),
    ]
    weight_decay: Annotated[float | None, typer.Option(metavar="F", help="Pulls weights to 0; 0.01 by default.")]
    clip_norm: Annotated[
        float | None, typer.Option(metavar="F", help="Largest norm of the gradient, 1 by default; 0 leaves it.")
    ]
    batch_tokens: Annotated[
        int | None, typer.Option(metavar="N", help="Tokens of one step, padding not counted; 4,096 by default.")
    ]
    pack_tokens: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Tokens in the model at once, on which memory depends; at most 2,048 by default."
        ),
    ]
    max_length: Annotated[
        int | None, typer.Option(metavar="N", help="Longest row in tokens; by default the model's window, 512 at most.")
    ]
    packing: Annotated[
        _Switch,
        typer.Option("--packing/--no-packing", help="Put rows side by side instead of padding them; on by default."),
    ]

    evaluate_every: Annotated[
        int | None, typer.Option(metavar="N", help="Steps between two evaluations; by default about ten in the run.")
    ]
    evaluation_rows: Annotated[
        int | None,
        typer.Option(metavar="N", help="How many held-out rows are measured each time; 256 by default, 0 takes all."),
    ]
    patience: Annotated[
        int | None, typer.Option(metavar="N", help="End after N evaluations without a better loss; by default never.")
    ]
    save_every: Annotated[
        int | None, typer.Option(metavar="N", help="Steps between two checkpoints; by default as evaluations.")
    ]
    keep_last: Annotated[
        int | None, typer.Option(metavar="N", help="How many of the newest checkpoints stay; 2 by default.")
    ]
    keep_best: Annotated[
        int | None, typer.Option(metavar="N", help="How many of the best checkpoints stay; 1 by default.")
    ]
    probe: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="Ask the model this at each evaluation; may come several times."),
    ]
    probe_tokens: Annotated[int | None, typer.Option(metavar="N", help="Length of its answers; 48 by default.")]
    generic_text: Annotated[
        str | None, typer.Option(metavar="FILE", help="A text to measure forgetting on; by default a page of English.")
    ]

    precision: Annotated[
        Precision | None,
        typer.Option(help="Of the computation; auto takes bfloat16 where the machine is quicker with it."),
    ]
    gradient_checkpointing: Annotated[
        _Switch,
        typer.Option(
            "--gradient-checkpointing/--no-gradient-checkpointing",
            help="Half the memory, a quarter more time; off by default.",
        ),
    ]
    device: Annotated[str | None, typer.Option(metavar="NAME", help="auto (the default), cpu, cuda or mps.")]
    threads: Annotated[int | None, typer.Option(metavar="N", help="Processor threads; by default the physical cores.")]
    polite: Annotated[
        _Switch,
        typer.Option("--polite/--no-polite", help="Let replies and all else go first; on by default."),
    ]
    preflight: Annotated[
        _Switch,
        typer.Option(
            "--preflight/--no-preflight", help="Try the largest step, an evaluation and a save first; on by default."
        ),
    ]
    launcher: Annotated[
        str | None, typer.Option(metavar="CMD", help='Train with many processes: "torchrun --nproc-per-node 2".')
    ]


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
