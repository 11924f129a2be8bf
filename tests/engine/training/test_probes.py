"""What is told of the replies to fixed prompts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.training.probes import choose_probes
from engine.training.rows import IGNORED

pytestmark = pytest.mark.torch
TEXT = "Once upon a time there was a fox who said:\n\nHello, who are you?"


@pytest.mark.data
@pytest.mark.parametrize("folder", ["stories260k", "gpt2-tokenizer"])
def test_prompt_and_reply_join_to_the_text_that_was_written(data: Path, folder: str) -> None:
    from transformers import AutoTokenizer

    from engine.training.probes import continuation

    tokenizer = AutoTokenizer.from_pretrained(data / folder)
    ids = tokenizer(TEXT)["input_ids"]
    for place in range(1, len(ids) + 1):
        prompt = tokenizer.decode(ids[:place], skip_special_tokens=True)
        assert prompt + continuation(tokenizer, ids[:place], ids[place:]) == TEXT


class Letters:
    """A tokenizer to which a token is a character."""

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        return "".join(map(chr, ids))


def labelled(prompt: str, label: int) -> dict[str, Any]:
    ids = [ord(letter) for letter in prompt]
    return {"input_ids": [*ids, 65, 66], "labels": [IGNORED] * len(ids) + [65, 66], "label": label}


def asked(*rows: dict[str, Any]) -> list[str]:
    return [probe.prompt for probe in choose_probes((), rows, Letters())]


def test_prompts_that_can_be_asked_whole_come_first_with_labels_that_differ() -> None:
    long = "x" * 300 + " good or bad:"
    rows = [labelled(long, 1), *(labelled(f"{number} good or bad:", 1) for number in range(5))]
    assert asked(*rows, labelled("other good or bad:", 0)) == [
        "0 good or bad:",
        "other good or bad:",
        "1 good or bad:",
    ]


def test_a_prompt_that_is_too_long_keeps_what_it_asks() -> None:
    (prompt,) = asked(labelled("A review: " + "x" * 300 + " good or bad:", 1))
    assert prompt.startswith("A review: ")
    assert prompt.endswith(" good or bad:")
    assert len(prompt) == 256


def test_of_raw_text_the_first_words_are_asked() -> None:
    ids = [ord(letter) for letter in "Once upon a time there was a fox"]
    (prompt,) = asked({"input_ids": ids, "labels": ids})
    assert prompt == "Once upon a time"
