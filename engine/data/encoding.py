"""From dressed rows to tokens: which of them are learned, which are cut, and where a long text is parted.

Labels stand at the places of their tokens: the label of a token is its own id, or -100 where no loss is taken on it.
The first token of a piece is predicted by nothing, so that its label is always -100.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from engine.data.dressing import Dressed
from engine.inference.beginning import adds_bos, begun
from engine.inference.joining import Joiner

IGNORED = -100


class Piece(msgspec.Struct, frozen=True):
    """What the model is trained on at once."""

    ids: list[int]
    labels: list[int]


class Encoded(msgspec.Struct, frozen=True):
    """All tokens of a row."""

    ids: list[int]
    trained: list[bool]
    kept: list[bool]
    breaks: tuple[int, ...] = ()
    """Where further pieces begin."""

    @property
    def lost(self) -> int:
        """How many tokens the model never sees."""
        return len(self.kept) - sum(self.kept)

    def pieces(self) -> list[Piece]:
        """What is trained on; each further piece begins with the token before it, so that none goes untaught."""
        if not self.breaks:
            if all(self.kept):
                return [_piece(self.ids, self.trained)]
            ids = [token for token, keep in zip(self.ids, self.kept, strict=True) if keep]
            return [_piece(ids, [flag for flag, keep in zip(self.trained, self.kept, strict=True) if keep])]
        ends = (*self.breaks, len(self.ids))
        starts = (0, *(place - 1 for place in self.breaks))
        return [_piece(self.ids[start:end], self.trained[start:end]) for start, end in zip(starts, ends, strict=True)]


class Encoder:
    """Turns dressed rows into tokens, many at a time."""

    def __init__(self, tokenizer: Any, *, max_length: int = 0, train_all: bool = False) -> None:
        """Look at what the tokenizer does.

        Args:
            tokenizer: A tokenizer of transformers.
            max_length: The longest piece in tokens; 0 is no limit.
            train_all: Take the loss on prompts too.
        """
        self._tokenizer = tokenizer
        self._max_length = max_length
        self._train_all = train_all
        self._bos: int | None = tokenizer.bos_token_id if adds_bos(tokenizer) else None
        self.eos: int | None = tokenizer.eos_token_id
        self._joiner = Joiner(tokenizer)

    def encode(self, rows: Sequence[Dressed]) -> list[Encoded]:
        """Turn rows into tokens."""
        batch = iter(self._joiner.encode([text for row in rows for text in self._texts(row)]))
        return [self._row(row, [next(batch) for _ in row.parts]) for row in rows]

    def continuation(self, text: str) -> list[int]:
        """The tokens of a text that goes on behind another one, with the end of text behind it."""
        return [*self._joiner.continuation(text), *([self.eos] if self.eos is not None else [])]

    def _texts(self, row: Dressed) -> list[str]:
        return [
            part.text if self._is_start(row, place) else self._joiner.anchor + part.text
            for place, part in enumerate(row.parts)
        ]

    def _row(self, row: Dressed, batch: Sequence[list[int]]) -> Encoded:
        ids: list[int] = []
        trained: list[bool] = []
        for place, part in enumerate(row.parts):
            some = batch[place] if self._is_start(row, place) else self._joiner.unanchored(batch[place], part.text)
            ids += some
            trained += [part.trained or self._train_all] * len(some)
        front, prompt = 0, len(batch[0])
        if row.begins and self._bos is not None and begun(ids, self._bos) is not ids:
            ids, trained, front = [self._bos, *ids], [False, *trained], 1
        if row.ends and self.eos is not None and ids[-1:] != [self.eos]:
            ids, trained = [*ids, self.eos], [*trained, True]
        room = self._max_length
        if not room or len(ids) <= room:
            return Encoded(ids, trained, [True] * len(ids))
        if len(row.parts) == 1:
            return Encoded(ids, trained, [True] * len(ids), tuple(range(room, len(ids), room - 1)))
        if len(row.parts) > 2:
            return Encoded(ids, trained, [place < room for place in range(len(ids))])
        start, stop = self._message(row)
        kept = cut(room, len(ids), front=front, prompt=front + prompt, message=(front + start, front + stop))
        return Encoded(ids, trained, kept)

    def _message(self, row: Dressed) -> tuple[int, int]:
        """From which to which token of the first part the message stands; (0, 0) where that can't be told."""
        if not self._tokenizer.is_fast:
            return 0, 0
        texts = [row.parts[0].text]
        found = self._tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        begin, end = row.message
        inside = [
            place
            for place, (start, stop) in enumerate(found["offset_mapping"][0])
            if begin <= start and stop <= end and stop > start
        ]
        return (inside[0], inside[-1] + 1) if inside else (0, 0)

    def _is_start(self, row: Dressed, place: int) -> bool:
        return place == 0 and (row.begins or len(row.parts) > 1)


def cut(room: int, length: int, *, front: int, prompt: int, message: tuple[int, int]) -> list[bool]:
    """Decide what is lost of a prompt and its reply that are too long together.

    The reply may have what the prompt leaves, and at least half; it loses its end. The prompt loses the end of its
    message, so that the frame around it stays, and only then its beginning.

    Args:
        room: How many tokens may stay.
        length: How many there are, more than that.
        front: How many at the very start always stay.
        prompt: Where the reply begins.
        message: From where to where the message stands in the prompt.

    Returns:
        Of each token, whether it stays.
    """
    reply = min(length - prompt, max(room - prompt, room // 2))
    kept = [place < prompt + reply for place in range(length)]
    excess = max(0, prompt + reply - room)
    start, stop = message
    from_message = min(excess, stop - start)
    kept[stop - from_message : stop] = [False] * from_message
    for place in range(front, prompt):
        if from_message == excess:
            break
        if kept[place]:
            kept[place] = False
            from_message += 1
    return kept


def tokenizer_digest(tokenizer: Any) -> str:
    """A digest of all that decides which tokens a text has."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    text = backend.to_str() if backend is not None else repr(sorted(tokenizer.get_vocab().items()))
    marks = (tokenizer.bos_token_id, tokenizer.eos_token_id, adds_bos(tokenizer), tokenizer.chat_template)
    return hashlib.blake2b(f"{marks}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _piece(ids: list[int], trained: list[bool]) -> Piece:
    labels = [token if flag else IGNORED for token, flag in zip(ids, trained, strict=True)]
    labels[:1] = [IGNORED] * len(labels[:1])
    return Piece(ids, labels)
