"""The fields that every fine-tune asks for: what each is called, what it means, and what blank means."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.runs.plan import MAX_VIRTUAL_TOKENS, MIN_VIRTUAL_TOKENS, Method

Kind = Literal["text", "lines", "words", "whole", "number", "choice", "tick"]
"""`lines` is several texts, one a line; `words` is several words with commas between."""

NAME = "name"
"""The one field that is not in the plan: what to call the run."""
LINE_END = "⏎"
"""Stands for a line end inside of one of several lines."""


class TuneField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the form."""

    name: str
    """Of the field in `Plan`, with a dot where it is deeper: `lora.rank`, `data.split`."""
    label: str
    """18 cells at most."""
    meaning: str
    """Unit and effect, in one line."""
    brief: str = ""
    """The same for a narrow screen; empty where the meaning is short enough."""
    kind: Kind = "text"
    choices: tuple[tuple[str, str], ...] = ()
    """Values and what they are called."""
    blank: str = ""
    """What a blank field means where it means something of its own: auto, all, never. Zero or nothing in the plan."""
    method: Method | None = None
    """The one method that has this field; None for all."""
    group: str = ""
    """Of the settings that are folded away; empty for what is always in sight."""


METHOD_WORDS: dict[Method, str] = {
    "lora": "Small matrices beside the frozen weights: quick, little memory, a result of some MB. Right for most.",
    "full": "All of the weights: learns the most, takes the most memory and disk, forgets the most easily.",
    "soft-prompt": "Learned vectors before each text; the weights stay as they are. The smallest result, some kB.",
}
METHOD_BRIEFS: dict[Method, str] = {
    "lora": "Small matrices beside frozen weights: quick, a few MB.",
    "full": "All weights: learns most, takes the most memory.",
    "soft-prompt": "Learned vectors before each text: the smallest, some kB.",
}

MAIN = (
    TuneField(name="model", label="Model", meaning="what learns: a folder, a hub name such as gpt2, or run:NAME"),
    TuneField(name="data.source", label="Data", meaning="a file, a folder, or a hub data set such as imdb"),
    TuneField(
        name="method",
        label="Method",
        meaning="",
        kind="choice",
        choices=(("lora", "LoRA"), ("full", "Full"), ("soft-prompt", "Soft prompt")),
    ),
    TuneField(
        name="lora.rank",
        label="LoRA rank",
        meaning="width of the matrices: 8 for a style, 64 for new skills",
        brief="8 for a style, 64 for new skills",
        kind="whole",
        method="lora",
    ),
    TuneField(
        name="soft_prompt.virtual_tokens",
        label="Virtual tokens",
        meaning=f"{MIN_VIRTUAL_TOKENS} to {MAX_VIRTUAL_TOKENS} vectors; each takes a token of the window",
        brief=f"{MIN_VIRTUAL_TOKENS} to {MAX_VIRTUAL_TOKENS} vectors before each text",
        kind="whole",
        method="soft-prompt",
    ),
    TuneField(
        name="soft_prompt.text",
        label="They start as",
        meaning="a sentence about the task, such as: Is this review good or bad?",
        method="soft-prompt",
    ),
    TuneField(
        name="epochs",
        label="Epochs",
        meaning="how often each row is seen; 1 to 5 is usual",
        brief="how often each row is seen",
        kind="number",
    ),
    TuneField(
        name="max_steps",
        label="Steps",
        meaning="ends the run after so many, whatever the epochs say",
        brief="ends after so many, whatever epochs say",
        kind="whole",
        blank="by epochs",
    ),
    TuneField(
        name="learning_rate",
        label="Learning rate",
        meaning="how far a step goes; too high: it forgets, too low: it learns nothing",
        brief="how far a step goes",
        kind="number",
        blank="auto",
    ),
    TuneField(
        name="max_length",
        label="Longest row",
        meaning="in tokens; longer rows are cut, long texts go on in a further piece. auto: the window, 512 at most",
        brief="in tokens; auto: the window, at most 512",
        kind="whole",
        blank="auto",
    ),
    TuneField(
        name="data.skip_faulty",
        label="Faulty rows",
        meaning="go on without rows that can't be used",
        kind="tick",
    ),
    TuneField(
        name="probes",
        label="Watch it learn",
        meaning="what it is asked at each evaluation, a prompt a line; blank: rows of the data",
        kind="lines",
    ),
    TuneField(
        name=NAME,
        label="Name of the run",
        meaning="letters, digits, dots, dashes; auto: made of model, method and time",
        brief="auto: made of model, method, time",
        blank="auto",
    ),
)
