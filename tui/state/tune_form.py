"""All fields of the form that sets up a fine-tune: those in sight, and those that are folded away."""

from __future__ import annotations

import msgspec

from tui.state.tune_fields import MAIN, TuneField

_DATA = (
    TuneField(name="data.split", label="Split", meaning="of a hub data set or a folder", blank="train"),
    TuneField(name="data.config", label="Configuration", meaning="the form of a hub data set that has several"),
    TuneField(
        name="data.streaming",
        label="Streaming",
        meaning="read a hub data set as it comes, keep nothing on the disk",
        brief="keep nothing of a hub set on the disk",
        kind="tick",
    ),
    TuneField(
        name="data.max_rows",
        label="Rows",
        meaning="how many to take, picked at random over the whole source",
        brief="how many to take, picked at random",
        kind="whole",
        blank="all",
    ),
    TuneField(
        name="data.loss_on",
        label="Learned",
        meaning="",
        kind="choice",
        choices=(("completion", "what is answered"), ("all", "prompts too")),
    ),
    TuneField(
        name="data.eval_fraction",
        label="Held out",
        meaning="the share of rows that is kept to measure on",
        brief="share of rows to measure on",
        kind="number",
    ),
    TuneField(name="data.eval_split", label="Held-out split", meaning="measure on this split of the data instead"),
    TuneField(name="data.eval_source", label="Held-out data", meaning="measure on a file or data set of its own"),
)
_LEARNING = (
    TuneField(
        name="batch_tokens",
        label="Batch",
        meaning="tokens of one step, padding not counted: more is smoother and slower",
        brief="tokens of one step: more is smoother",
        kind="whole",
    ),
    TuneField(
        name="schedule",
        label="Schedule",
        meaning="",
        kind="choice",
        choices=(("cosine", "cosine"), ("linear", "linear"), ("constant", "constant")),
    ),
    TuneField(
        name="warmup_share",
        label="Warm-up",
        meaning="share of the steps in which the rate rises from 0",
        brief="share of steps with a rising rate",
        kind="number",
    ),
    TuneField(name="weight_decay", label="Weight decay", meaning="pulls weights to 0; 0 leaves them", kind="number"),
    TuneField(
        name="clip_norm",
        label="Clipping",
        meaning="gradients are scaled down to this norm; 0 leaves them",
        brief="largest norm of gradients; 0: any",
        kind="number",
    ),
    TuneField(name="seed", label="Seed", meaning="the same seed repeats a run exactly", kind="whole"),
    TuneField(
        name="lora.alpha",
        label="LoRA alpha",
        meaning="the matrices count alpha / rank; auto: twice the rank",
        brief="auto: twice the rank",
        kind="whole",
        blank="auto",
        method="lora",
    ),
    TuneField(
        name="lora.dropout",
        label="LoRA dropout",
        meaning="share of inputs left out; helps with few rows",
        brief="share of inputs left out",
        kind="number",
        method="lora",
    ),
    TuneField(
        name="lora.targets",
        label="LoRA targets",
        meaning="names of the modules that get matrices, with commas; auto: all linears of the layers",
        brief="modules; auto: by architecture",
        kind="words",
        blank="auto",
        method="lora",
    ),
)
_MEASURING = (
    TuneField(
        name="evaluate_every",
        label="Evaluate every",
        meaning="steps; auto: about ten times in the run",
        kind="whole",
        blank="auto",
    ),
    TuneField(
        name="evaluation_rows",
        label="Rows measured",
        meaning="held-out rows read at each evaluation; all: every one",
        brief="held-out rows read each time",
        kind="whole",
        blank="all",
    ),
    TuneField(
        name="patience",
        label="Patience",
        meaning="end after so many evaluations without a better loss",
        brief="evaluations without a better loss",
        kind="whole",
        blank="never ends",
    ),
    TuneField(
        name="probe_tokens",
        label="Length of answers",
        meaning="tokens of each answer to “Watch it learn”",
        brief="tokens of each answer while it learns",
        kind="whole",
    ),
    TuneField(
        name="save_every",
        label="Save every",
        meaning="steps; auto: with each evaluation",
        kind="whole",
        blank="auto",
    ),
    TuneField(name="keep_last", label="Keep newest", meaning="checkpoints, one at least", kind="whole"),
    TuneField(name="keep_best", label="Keep best", meaning="checkpoints with the lowest held-out loss", kind="whole"),
    TuneField(
        name="generic_text",
        label="Forgetting",
        meaning="a text file to measure it on; blank: a page of English",
        brief="a text file to measure it on",
    ),
)
_MACHINE = (
    TuneField(
        name="precision",
        label="Precision",
        meaning="",
        kind="choice",
        choices=(("auto", "auto"), ("float32", "float32"), ("bfloat16", "bfloat16")),
    ),
    TuneField(
        name="gradient_checkpointing",
        label="Less memory",
        meaning="recompute activations: half the memory, a quarter more time",
        brief="half the memory, ¼ more time",
        kind="tick",
    ),
    TuneField(
        name="packing",
        label="Packing",
        meaning="rows side by side instead of padding: several times as fast",
        brief="no padding: several times as fast",
        kind="tick",
    ),
    TuneField(
        name="pack_tokens",
        label="Tokens at once",
        meaning="in the model at a time, on which memory depends; auto: at most 2,048",
        brief="memory depends on it; auto: at most 2,048",
        kind="whole",
        blank="auto",
    ),
    TuneField(name="threads", label="Threads", meaning="auto: the physical cores", kind="whole", blank="auto"),
    TuneField(name="device", label="Device", meaning="auto, cpu, cuda or mps"),
    TuneField(name="polite", label="Polite", meaning="lets all else on the machine go first", kind="tick"),
    TuneField(
        name="preflight",
        label="Preflight",
        meaning="try the largest step first, and tell memory and time",
        brief="try the largest step first",
        kind="tick",
    ),
    TuneField(
        name="launcher",
        label="Launcher",
        meaning="for many processes: torchrun --nproc-per-node 2",
        brief="torchrun --nproc-per-node 2",
        blank="one process",
    ),
)


def _grouped(group: str, fields: tuple[TuneField, ...]) -> tuple[TuneField, ...]:
    return tuple(msgspec.structs.replace(field, group=group) for field in fields)


FIELDS: tuple[TuneField, ...] = (
    *MAIN,
    *_grouped("The data", _DATA),
    *_grouped("Learning", _LEARNING),
    *_grouped("Measuring and saving", _MEASURING),
    *_grouped("The machine", _MACHINE),
)
BY_NAME: dict[str, TuneField] = {field.name: field for field in FIELDS}
