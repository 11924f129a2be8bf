"""Ids to text, as they come.

Law: all texts given out, joined, are `decode(prefix + ids)[len(decode(prefix)):]`. Decoding ids one by one would break
characters that several tokens share, and the spaces that some decoders take from the front.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BYTE_TOKEN = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_FULL = 24
"""Ids in the window at which its start is moved."""
_CONTEXT = 8
"""Ids that stay in front of what comes next."""


class TokenKinds(msgspec.Struct, frozen=True):
    """Which ids mean what to the decoder."""

    known: frozenset[int]
    """A model's head may have more, which `decode` passes over."""
    special: frozenset[int]
    """What `decode(skip_special_tokens=True)` leaves out."""
    bytes: frozenset[int]
    """Tokens such as <0x0A>, where the decoder reads them as bytes."""


def token_kinds(tokenizer: Any) -> TokenKinds:
    """Look through a tokenizer's vocabulary; once for each tokenizer, as it takes a while for a large one."""
    known = frozenset(tokenizer.get_vocab().values())
    return TokenKinds(known=known, special=_special_ids(tokenizer), bytes=_byte_ids(tokenizer))


class Detokenizer:
    """One reply's text. Each id costs one decoding of a short window, whatever the reply's length."""

    def __init__(
        self,
        tokenizer: Any,
        prefix: Sequence[int] = (),
        *,
        kinds: TokenKinds | None = None,
        skip_special_tokens: bool = True,
    ) -> None:
        """Start behind a prefix.

        Args:
            tokenizer: A tokenizer of transformers.
            prefix: The prompt's ids, of which only the end is looked at: the reply is decoded in their context.
            kinds: Of this tokenizer, where they are known already.
            skip_special_tokens: Leave special tokens out, as `decode` does with the same argument.
        """
        kinds = kinds or token_kinds(tokenizer)
        self._tokenizer = tokenizer
        self._decoded = kinds.known - kinds.special if skip_special_tokens else kinds.known
        self._byte_ids = kinds.bytes
        self._window = self._end_of(prefix)
        self._given = len(self._decode(self._window))
        """Characters of the window's text that are given out, or belong to the prefix."""
        self._full = max(_FULL, len(self._window) + _CONTEXT)

    def push(self, token: int) -> str:
        """Take an id and give out what is certain now; empty in the middle of a character."""
        if token not in self._decoded:
            return ""
        self._window.append(token)
        if token in self._byte_ids:
            # A run of byte tokens is valid or invalid as a whole, which only its end tells.
            return ""
        text = self._decode(self._window)
        # At most one replacement character at the end can still become something else: an unfinished character.
        new = self._give(text, len(text) - text.endswith(_REPLACEMENT))
        if len(self._window) >= self._full:
            self._shorten(text)
        return new

    def flush(self) -> str:
        """Give out the rest: no more ids come."""
        text = self._decode(self._window)
        return self._give(text, len(text))

    def _give(self, text: str, end: int) -> str:
        if end <= self._given:
            return ""
        new = text[self._given : end]
        self._given = end
        return new

    def _shorten(self, text: str) -> None:
        """Drop the start of the window if the rest decodes to the same end of the text, now and for ever."""
        pending = len(text) - self._given
        for start in range(len(self._window) - _CONTEXT, len(self._window) - 1):
            if start <= 0 or self._window[start] in self._byte_ids:
                continue
            rest = self._decode(self._window[start:])
            given = len(rest) - pending
            if given > 0 and text.endswith(rest) and self._holds(text, rest, given, start):
                del self._window[:start]
                self._given = given
                self._full = max(_FULL, len(self._window) + _CONTEXT)
                return
        self._full = 2 * len(self._window)

    def _holds(self, text: str, rest: str, given: int, start: int) -> bool:
        """Whether a whole character lies in the context, from which any decoding goes on alike.

        Where there are broken ones only, the two parts have to add up: then none lies across the cut.
        """
        if any(character != _REPLACEMENT for character in rest[:given]):
            return True
        return self._decode(self._window[:start]) + rest == text

    def _end_of(self, prefix: Sequence[int]) -> list[int]:
        """The least end of the prefix that gives the reply the context of all of it."""
        kept = [token for token in prefix if token in self._decoded]
        for start in range(len(kept) - _CONTEXT, 0, -1):
            if kept[start] in self._byte_ids:
                continue
            if any(character not in (_REPLACEMENT, " ") for character in self._decode(kept[start:])):
                return kept[start:]
        return kept

    def _decode(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text


def _special_ids(tokenizer: Any) -> frozenset[int]:
    added: dict[int, Any] = getattr(tokenizer, "added_tokens_decoder", {})
    if getattr(tokenizer, "is_fast", False):
        return frozenset(token for token, entry in added.items() if entry.special)
    return frozenset(tokenizer.all_special_ids)


def _byte_ids(tokenizer: Any) -> frozenset[int]:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    decoder = getattr(backend, "decoder", None)
    if backend is not None and not _falls_back_to_bytes(decoder):
        return frozenset()
    vocabulary: Iterable[tuple[str, int]] = tokenizer.get_vocab().items()
    return frozenset(token for text, token in vocabulary if _BYTE_TOKEN.fullmatch(text))


def _falls_back_to_bytes(decoder: Any) -> bool:
    return decoder is not None and b"ByteFallback" in decoder.__getstate__()
