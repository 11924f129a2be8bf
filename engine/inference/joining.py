"""Putting a text behind another one: the blank between them, and the tokens that the second one has there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_PROBES = (("a", "b"), ("x:", " y"), ("a.", "B"), ("1", "2"), ("é", "a"))
_ANCHORS = ("\n", "|", "\x01", ".", "a", "~", "9")


def joined(prompt: str, reply: str) -> str:
    """A reply with the blank that parts it from the prompt: most models keep the blank with the word behind it."""
    if not prompt or prompt[-1].isspace() or reply[:1].isspace():
        return reply
    return " " + reply


class Joiner:
    """Finds the tokens that a text has behind another one, many texts at a time."""

    def __init__(self, tokenizer: Any) -> None:
        """Look at what a tokenizer of transformers does."""
        self._tokenizer = tokenizer
        self._anchors = self._find_anchors()
        self.anchor = next(iter(self._anchors), "")
        """What to put before a text before it is encoded; empty for most tokenizers."""

    def continuation(self, text: str) -> list[int]:
        """The tokens of a text that goes on behind another one."""
        [ids] = self.encode([self.anchor + text])
        return self.unanchored(ids, text)

    def encode(self, texts: list[str]) -> list[list[int]]:
        """The tokens of texts as they are, without special ones."""
        if not texts:
            return []
        ids: list[list[int]] = self._tokenizer(
            texts, add_special_tokens=False, return_attention_mask=False, verbose=False
        )["input_ids"]
        return ids

    def unanchored(self, ids: list[int], text: str) -> list[int]:
        """Take the anchor away from the tokens of an anchor and a text."""
        if not self._anchors:
            return ids
        for anchor, before in self._anchors.items():
            if anchor != self.anchor:
                # The one before grew together with the text.
                [ids] = self.encode([anchor + text])
            if ids[: len(before)] == before:
                return ids[len(before) :]
        return self.encode([text])[0]

    def _find_anchors(self) -> dict[str, list[int]]:
        """Texts to put before a continuation, where the tokenizer would else begin it with a blank of its own.

        A tokenizer of SentencePiece's kind takes each text for the start of a sentence.

        Returns:
            Each with its tokens, which are to be taken away again; empty where texts can be put together as they are.
        """
        pairs = [self.encode(list(pair)) for pair in _PROBES]
        if [self._decode([*first, *then]) for first, then in pairs] == [first + then for first, then in _PROBES]:
            return {}
        return dict(zip(_ANCHORS, self.encode(list(_ANCHORS)), strict=True))

    def _decode(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text
