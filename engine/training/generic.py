"""A page of everyday English, to see what a model forgets of all that it is not trained on."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from engine.errors import Failed
from engine.runs.plan import Plan

_MAX_TOKENS = 4096
_MAX_CHARACTERS = 64_000


def generic_rows(plan: Plan, tokenizer: Any, max_length: int) -> list[dict[str, list[int]]]:
    """Cut a text that has nothing to do with the data into rows, of which every token counts.

    Raises:
        Failed: The plan names a file that can't be read.
    """
    ids = tokenizer(_text(plan)[:_MAX_CHARACTERS], add_special_tokens=False)["input_ids"][:_MAX_TOKENS]
    parts = [list(ids[start : start + max_length]) for start in range(0, len(ids), max_length)]
    return [{"input_ids": part, "labels": part} for part in parts if len(part) > 1]


def _text(plan: Plan) -> str:
    if not plan.generic_text:
        return resources.files("engine.training").joinpath("generic.txt").read_text(encoding="utf-8")
    try:
        return Path(plan.generic_text).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Failed(
            f"The text to measure forgetting on, {plan.generic_text}, could not be read: {error.strerror or error}",
            "Name another, or none",
        ) from error
