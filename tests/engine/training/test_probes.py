"""What is told of the replies to fixed prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = [pytest.mark.torch, pytest.mark.data]
TEXT = "Once upon a time there was a fox who said:\n\nHello, who are you?"


@pytest.mark.parametrize("folder", ["stories260k", "gpt2-tokenizer"])
def test_prompt_and_reply_join_to_the_text_that_was_written(data: Path, folder: str) -> None:
    from transformers import AutoTokenizer

    from engine.training.probes import continuation

    tokenizer = AutoTokenizer.from_pretrained(data / folder)
    ids = tokenizer(TEXT)["input_ids"]
    for place in range(1, len(ids) + 1):
        prompt = tokenizer.decode(ids[:place], skip_special_tokens=True)
        assert prompt + continuation(tokenizer, ids[:place], ids[place:]) == TEXT
