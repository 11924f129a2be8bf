"""What to train on: the source, its columns, and how a row becomes text."""

from __future__ import annotations

from typing import Literal

from engine.protocol import Frozen, Template

Shape = Literal["", "text", "completion", "instruction", "chat", "label"]
LossOn = Literal["completion", "all"]


class DataSpec(Frozen, frozen=True, kw_only=True):
    """All that decides which tokens the model sees, and which of them it is trained on."""

    source: str
    """A file, a folder, or the name of a hub data set."""
    split: str = ""
    config: str = ""
    shape: Shape = ""
    """Empty guesses it from the columns."""
    text_column: str = ""
    prompt_column: str = ""
    completion_column: str = ""
    label_column: str = ""
    label_words: tuple[str, ...] = ()
    """What each label is called, in the order of the labels."""
    template: Template | None = None
    """How a prompt is dressed; None leaves it as it is."""
    max_rows: int = 0
    """0 takes all."""
    skip_faulty: bool = False
    streaming: bool = False
    seed: int = 0
    eval_fraction: float = 0.05
    loss_on: LossOn = "completion"
