"""The plan of a run: all that is needed to repeat it, checked before anything is started.

Zero, where a number says "0 chooses", is settled by the trainer, which writes what it chose into the first events.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import msgspec

from engine.atomic import write_atomically
from engine.corpus.spec import DataSpec
from engine.display import is_text
from engine.errors import Failed, Misuse
from engine.protocol import Frozen

PLAN_VERSION = 1

Method = Literal["full", "lora", "soft-prompt"]
Precision = Literal["auto", "float32", "bfloat16"]
Schedule = Literal["cosine", "linear", "constant"]

METHODS: tuple[Method, ...] = ("full", "lora", "soft-prompt")
MIN_VIRTUAL_TOKENS, MAX_VIRTUAL_TOKENS = 8, 100
MAX_RANK = 1024
LONGEST_BY_DEFAULT = 512
"""Where rows are cut, in tokens, if the window of the model is that large."""


class LoraOptions(Frozen, frozen=True, kw_only=True):
    """Low-rank adapters beside frozen weights (Hu et al., 2021)."""

    rank: int = 16
    alpha: int = 32
    """The adapters' output is multiplied by alpha / rank."""
    dropout: float = 0.0
    targets: tuple[str, ...] = ()
    """Names of the linear modules; empty picks them by the architecture."""


class SoftPromptOptions(Frozen, frozen=True, kw_only=True):
    """Learned vectors before each text; the weights stay frozen (Lester et al., 2021)."""

    virtual_tokens: int = 20
    text: str = ""
    """What the vectors start as; empty starts from a sentence about the task."""


class Plan(Frozen, frozen=True, kw_only=True):
    """What to train, on what, and how."""

    model: str
    """A reference: a hub name, a folder, run:NAME."""
    data: DataSpec
    method: Method = "lora"
    lora: LoraOptions = LoraOptions()
    soft_prompt: SoftPromptOptions = SoftPromptOptions()

    epochs: float = 3.0
    max_steps: int = 0
    """Ends the run after so many steps, whatever `epochs` says; 0 leaves it to `epochs`."""
    learning_rate: float = 0.0
    """0 chooses by method and size."""
    schedule: Schedule = "cosine"
    warmup_share: float = 0.05
    """Of all steps, with a rate that rises from 0."""
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    """Gradients are scaled down to this norm; 0 leaves them."""
    batch_tokens: int = 4096
    """Useful tokens of one optimiser step in one process; packs are filled and accumulated up to it."""
    pack_tokens: int = 0
    """Tokens that pass through the model at once: what memory depends on. 0 chooses at most 2,048."""
    max_length: int = 0
    """Longer rows are cut, in tokens; 0 chooses the model's window, and at most 512."""
    packing: bool = True
    """Put several rows side by side instead of padding; given up where the model can't keep them apart."""
    precision: Precision = "auto"
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: about half the memory, a quarter more time."""
    threads: int = 0
    """Torch's threads; 0 chooses the physical cores."""
    polite: bool = True
    """Let everything else on the machine go first, and wait before steps while a reply streams."""
    device: str = "auto"
    seed: int = 0

    evaluate_every: int = 0
    """Steps; 0 chooses about ten evaluations in the run."""
    evaluation_rows: int = 256
    """How many held-out rows are read each time, picked evenly; 0 reads all."""
    save_every: int = 0
    """Steps; 0 saves with each evaluation. Beside it there is a save every ten minutes."""
    keep_last: int = 2
    keep_best: int = 1
    patience: int = 0
    """Ends the run after so many evaluations without a better loss; 0 never does."""
    preflight: bool = True
    probes: tuple[str, ...] = ()
    """Prompts that are answered at each evaluation; empty takes the starts of held-out rows."""
    probe_tokens: int = 48
    generic_text: str = ""
    """A text file to measure forgetting on; empty takes a page that comes with the program."""
    launcher: str = ""
    """How to start it on many processes: torchrun --nproc-per-node 2. Empty starts one."""
    version: int = PLAN_VERSION


def faults(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Find all that can't be right in a plan; empty where nothing is wrong.

    Returns:
        Pairs of a field, such as `epochs` or `lora.rank`, and what is wrong with it in words.
    """
    lora, soft_prompt, data = plan.lora, plan.soft_prompt, plan.data
    checks = (
        ("model", bool(plan.model.strip()), "no model is named"),
        ("data.source", bool(data.source.strip()), "no data is named"),
        ("model", is_text(plan.model), "the model's name is not UTF-8 text"),
        ("data.source", is_text(data.source), "the name of the data is not UTF-8 text"),
        ("data.eval_fraction", 0 <= data.eval_fraction < 1, "the share of held-out rows lies between 0 and 1"),
        ("data.max_rows", data.max_rows >= 0, "max rows can't be negative"),
        (
            "epochs",
            (math.isfinite(plan.epochs) and plan.epochs > 0) or plan.max_steps > 0,
            "epochs has to be above 0",
        ),
        ("max_steps", plan.max_steps >= 0, "max steps can't be negative"),
        (
            "learning_rate",
            math.isfinite(plan.learning_rate) and 0 <= plan.learning_rate <= 10,
            "learning rate lies between 0 and 10",
        ),
        ("warmup_share", 0 <= plan.warmup_share < 1, "the share of warm-up steps lies between 0 and 1"),
        ("weight_decay", 0 <= plan.weight_decay <= 1, "weight decay lies between 0 and 1"),
        (
            "clip_norm",
            math.isfinite(plan.clip_norm) and plan.clip_norm >= 0,
            "the norm to clip at can't be negative",
        ),
        ("batch_tokens", plan.batch_tokens > 0, "batch tokens has to be above 0"),
        ("max_length", plan.max_length == 0 or plan.max_length >= 8, "max length is at least 8 tokens"),
        (
            "pack_tokens",
            plan.pack_tokens == 0 or plan.pack_tokens >= max(plan.max_length, 8),
            "packs are at least one row long",
        ),
        ("lora.rank", 1 <= lora.rank <= MAX_RANK, f"LoRA's rank lies between 1 and {MAX_RANK:,}"),
        ("lora.alpha", lora.alpha > 0, "LoRA's alpha has to be above 0"),
        ("lora.dropout", 0 <= lora.dropout < 1, "LoRA's dropout lies between 0 and 1"),
        (
            "soft_prompt.virtual_tokens",
            MIN_VIRTUAL_TOKENS <= soft_prompt.virtual_tokens <= MAX_VIRTUAL_TOKENS,
            f"a soft prompt has {MIN_VIRTUAL_TOKENS} to {MAX_VIRTUAL_TOKENS} virtual tokens",
        ),
        ("seed", 0 <= plan.seed < 2**32, "the seed lies between 0 and 4,294,967,295"),
        ("evaluate_every", plan.evaluate_every >= 0, "steps between evaluations can't be negative"),
        ("save_every", plan.save_every >= 0, "steps between checkpoints can't be negative"),
        ("patience", plan.patience >= 0, "patience can't be negative"),
        ("threads", plan.threads >= 0, "threads can't be negative"),
        ("evaluation_rows", plan.evaluation_rows >= 0, "rows of an evaluation can't be negative"),
        ("keep_last", plan.keep_last >= 1, "at least the last checkpoint is kept"),
        ("keep_best", plan.keep_best >= 0, "the best checkpoints to keep can't be negative"),
        ("probe_tokens", 0 < plan.probe_tokens <= 1024, "probes are 1 to 1,024 tokens long"),
    )
    return tuple((field, words) for field, holds, words in checks if not holds)


def problems(plan: Plan) -> tuple[str, ...]:
    """Find all that can't be right in a plan, in words; empty where nothing is wrong."""
    return tuple(words for _, words in faults(plan))


def check(plan: Plan) -> None:
    """Refuse a plan that can't be right.

    Raises:
        Misuse: With all of its problems at once.
    """
    if found := problems(plan):
        raise Misuse(f"The plan can't be carried out: {'; '.join(found)}", "Change these and start again")


def write_plan(plan: Plan, file: Path) -> None:
    """Write a plan, whole or not at all."""
    write_atomically(file, msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n")


def read_plan(file: Path) -> Plan:
    """Read a plan.

    Raises:
        Failed: It is missing or damaged.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=Plan)
    except OSError as error:
        raise Failed(
            f"{file} could not be read: {error.strerror or error}", "The run can't be used without it"
        ) from error
    except msgspec.DecodeError as error:
        raise Failed(f"{file} is damaged: {error}", "The run can't be used without it") from error
