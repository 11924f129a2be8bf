"""The result of a run: a folder that plain transformers or peft open, and that says what it is."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import msgspec

from engine.figures import plural
from engine.protocol import Frozen
from engine.runs.checkpoints import PARTIAL_PREFIX
from engine.runs.folder import RunFolder
from engine.runs.plan import Plan
from engine.training.checkpoints import STATE_FILES
from engine.training.evaluation import perplexity

CARD = "README.md"
FIGURES = "figures.json"


class Figures(Frozen, frozen=True, kw_only=True):
    """What was measured before and after. Losses are nats a token."""

    step: int
    parameters: int
    trainable: int
    learning_rate: float
    rows: int
    tokens: int
    evaluation_rows: int = 0
    """Held out; 0 where the loss was measured on rows that were trained on."""
    loss_before: float | None = None
    loss_after: float | None = None
    accuracy_before: float | None = None
    accuracy_after: float | None = None
    generic_before: float | None = None
    generic_after: float | None = None
    seconds: float = 0.0


def write_final(run: RunFolder, checkpoint: Path, plan: Plan, figures: Figures, base: str) -> None:
    """Make the result of a checkpoint: all of it but what only a trainer needs. Nobody sees half of it.

    Args:
        run: The run.
        checkpoint: Whose weights to take.
        plan: For the card.
        figures: For the card.
        base: What the model was made from, for the card.
    """
    partial = run.path / f"{PARTIAL_PREFIX}final"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for file in sorted(checkpoint.iterdir()):
        if file.name not in STATE_FILES and not file.name.startswith("random-"):
            _link(file, partial / file.name)
    shutil.copyfile(run.plan_file, partial / "plan.json")
    (partial / FIGURES).write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
    (partial / CARD).write_text(card(run, plan, figures, base), encoding="utf-8")
    for file in partial.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    if run.final.exists():
        shutil.rmtree(run.final)
    partial.rename(run.final)


def card(run: RunFolder, plan: Plan, figures: Figures, base: str) -> str:
    """The model card: what it is, what it learned from, and the figures before and after."""
    library = "transformers" if plan.method == "full" else "peft"
    load = (
        'AutoModelForCausalLM.from_pretrained("this folder")'
        if plan.method == "full"
        else 'AutoPeftModelForCausalLM.from_pretrained("this folder")'
    )
    package = "transformers" if plan.method == "full" else "peft"
    loader = load.split(".", maxsplit=1)[0]
    return f"""---
library_name: {library}
base_model: {json.dumps(base)}
pipeline_tag: text-generation
tags: [tunesmith, {plan.method}]
---

# {run.name}

Made from `{_plain(base)}` by {_METHODS[plan.method]}, with {figures.step:,} steps on {figures.rows:,} rows
({figures.tokens:,} tokens) of `{_plain(plan.data.source)}`. {figures.trainable:,} of {figures.parameters:,} numbers
learned, at a learning rate of {figures.learning_rate:g}, seed {plan.seed}.

| | before | after |
|---|---|---|
{_table(figures)}

A rise of the loss on unrelated text is what was forgotten. {_measured_on(figures)}

```python
from {package} import {loader}

model = {load}
```

`template.toml`, where it is here, is the prompt template of the training: talk to the model through it.
`plan.json` repeats the run: `tunesmith tune --plan plan.json`.
"""


def _table(figures: Figures) -> str:
    """What was measured, a line each."""
    where = "held-out rows" if figures.evaluation_rows else "rows that were trained on"
    lines = (
        (f"loss on {where}, nats a token", figures.loss_before, figures.loss_after),
        (f"perplexity on {where}", _perplexity(figures.loss_before), _perplexity(figures.loss_after)),
        (f"accuracy on {where}", figures.accuracy_before, figures.accuracy_after),
        ("loss on unrelated English text", figures.generic_before, figures.generic_after),
    )
    return "\n".join(
        f"| {name} | {_number(before)} | {_number(after)} |"
        for name, before, after in lines
        if before is not None or after is not None
    )


def _measured_on(figures: Figures) -> str:
    if not figures.evaluation_rows:
        return "No row was held out: what was measured tells nothing of rows that were not trained on."
    return f"{plural(figures.evaluation_rows, 'row was', 'rows were')} held out and not trained on."


_METHODS = {"full": "full fine-tuning", "lora": "LoRA adapters", "soft-prompt": "a soft prompt"}


def _perplexity(loss: float | None) -> float | None:
    return None if loss is None else perplexity(loss)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _plain(text: str) -> str:
    return text.replace("`", "'").replace("\n", " ")


def _link(file: Path, target: Path) -> None:
    """Give the file a second name, or copy it where the disk can't do that."""
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)
