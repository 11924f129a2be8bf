"""What to train on: the source, its columns, and how a row becomes text."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.protocol import Frozen, Template

Shape = Literal["text", "completion", "instruction", "chat", "labelled"]
LossOn = Literal["completion", "all"]
TextRows = Literal["document", "paragraph", "line"]

COLUMN_FIELDS = (
    "text_column",
    "prompt_column",
    "input_column",
    "completion_column",
    "label_column",
    "messages_column",
)


class DataSpec(Frozen, frozen=True, kw_only=True):
    """All that decides which tokens a model sees, and which of them it is trained on."""

    source: str
    """A file, a folder, the name of a hub data set, or `lesson`, which ships with the program."""
    split: str = ""
    """Of a hub data set, or of a folder whose files are named for it; empty takes train, or the only one."""
    config: str = ""
    """Of a hub data set that comes in several forms; empty takes the only one."""
    shape: Shape | Literal[""] = ""
    """Empty guesses it from the columns."""
    text_column: str = ""
    """Of raw text, or of the text that has a label."""
    prompt_column: str = ""
    """Of the prompt or the instruction."""
    input_column: str = ""
    """Of what an instruction is about; may be missing or empty in a row."""
    completion_column: str = ""
    label_column: str = ""
    messages_column: str = ""
    label_words: tuple[str, ...] = ()
    """What each label is called, in the order of the labels; empty takes the data set's own names, else the labels."""
    text_rows: TextRows = "document"
    """What is a row of a plain text file."""
    template: Template | None = None
    """How a prompt is dressed; None chooses by shape and model."""
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    """Of the template; a column of a variable's name fills it in row by row."""
    loss_on: LossOn = "completion"
    max_rows: int = 0
    """So many, picked at random over the whole source; 0 takes all."""
    skip_faulty: bool = False
    """Consent to go on without the rows that have a fault."""
    streaming: bool = False
    """Read a hub data set as it comes over the network, and keep nothing but what is used of it."""
    seed: int = 0
    """Decides which rows are held out, and which `max_rows` picks."""
    eval_fraction: float = 0.05
    """The share of rows that is held out; 0 holds none out."""
    eval_source: str = ""
    """Held-out rows from elsewhere, of the same columns; `eval_fraction` counts no more."""
    eval_split: str = ""
    """The split that is held out, of `eval_source` or else of `source`."""


class Columns(Frozen, frozen=True, kw_only=True):
    """The shape of the rows and the columns that are used, given or guessed."""

    shape: Shape
    text: str = ""
    prompt: str = ""
    input: str = ""
    completion: str = ""
    label: str = ""
    messages: str = ""
    present: tuple[str, ...] = ()
    """All that the rows have."""
    guessed: bool = True
    why: str = ""
    """In words, what was seen and how to change it."""

    @property
    def used(self) -> tuple[str, ...]:
        """The columns that are read."""
        names = (self.text, self.prompt, self.input, self.completion, self.label, self.messages)
        return tuple(name for name in names if name)
