"""Tokens: the learned ones are the completion, the others the prompt, whatever the texts and the tokenizer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus import Part
from engine.data.dressing import Dressed
from engine.data.encoding import IGNORED, Encoded, Encoder, cut, tokenizer_digest
from tests.engine.data.conftest import byte_level, sentence_piece
from tests.examples import examples

pytestmark = pytest.mark.torch

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=40)
TOKENIZERS: dict[str, Callable[[], Any]] = {"byte-level": cache(byte_level), "sentence-piece": cache(sentence_piece)}
EVERY = pytest.mark.parametrize("kind", TOKENIZERS)


def parts(*texts: tuple[str, bool], **options: Any) -> Dressed:
    return Dressed(tuple(Part(text=text, trained=trained) for text, trained in texts), **options)


def encode(tokenizer: Any, row: Dressed, **options: Any) -> Encoded:
    [encoded] = Encoder(tokenizer, **options).encode([row])
    return encoded


def text_of(tokenizer: Any, ids: list[int]) -> str:
    text: str = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return text


@EVERY
@given(prompt=TEXT, reply=TEXT)
def test_the_learned_tokens_are_the_reply_and_the_others_the_prompt(kind: str, prompt: str, reply: str) -> None:
    tokenizer = TOKENIZERS[kind]()
    encoded = encode(tokenizer, parts((prompt, False), (reply, True)))
    masked = [token for token, trained in zip(encoded.ids, encoded.trained, strict=True) if not trained]
    learned = [token for token, trained in zip(encoded.ids, encoded.trained, strict=True) if trained]
    assert learned[-1] == tokenizer.eos_token_id
    assert encoded.trained == sorted(encoded.trained)
    if kind == "byte-level":
        assert text_of(tokenizer, masked) == prompt
        assert text_of(tokenizer, learned) == reply
    else:
        assert masked[0] == tokenizer.bos_token_id
        # This decoder takes one blank away from the front of a text, also one that belongs to it.
        assert text_of(tokenizer, masked) == prompt
        assert text_of(tokenizer, masked + learned) == prompt + reply


@EVERY
@given(texts=st.lists(st.tuples(TEXT, st.booleans()), min_size=1, max_size=5))
def test_all_parts_together_are_the_text(kind: str, texts: list[tuple[str, bool]]) -> None:
    tokenizer = TOKENIZERS[kind]()
    encoded = encode(tokenizer, parts(*texts))
    assert text_of(tokenizer, encoded.ids) == "".join(text for text, _ in texts)


@EVERY
def test_a_prompt_has_the_tokens_that_it_has_in_chat(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]()
    for prompt in ("Once upon", "a: ", " two", "x\n"):
        encoded = encode(tokenizer, parts((prompt, False), (" fox", True)))
        alone = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        front = [tokenizer.bos_token_id] if kind == "sentence-piece" else []
        assert encoded.ids[: len(front) + len(alone)] == [*front, *alone]
        assert encoded.trained.index(True) == len(front) + len(alone)


@EVERY
def test_marks_are_added_once(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]()
    encoded = encode(tokenizer, parts((f"{tokenizer.bos_token}a", False), (f"b{tokenizer.eos_token}", True)))
    marks = {tokenizer.bos_token_id, tokenizer.eos_token_id}
    assert [token in marks for token in encoded.ids] == [True, *[False] * (len(encoded.ids) - 2), True]
    bare = encode(tokenizer, parts(("a", False), ("b", True), begins=False, ends=False))
    assert not marks & set(bare.ids)


@EVERY
@examples(40)
@given(text=st.text(st.sampled_from("ab é世\n"), min_size=1, max_size=400), length=st.integers(8, 30))
def test_a_long_text_is_parted_and_every_token_is_learned_once(kind: str, text: str, length: int) -> None:
    encoded = encode(TOKENIZERS[kind](), parts((text, True)), max_length=length)
    pieces = encoded.pieces()
    assert all(0 < len(piece.ids) <= length and piece.labels[0] == IGNORED for piece in pieces)
    learned = [token for piece in pieces for token in piece.labels if token != IGNORED]
    assert learned == encoded.ids[1:]
    assert encoded.lost == 0


@EVERY
@examples(60)
@given(message=TEXT, reply=TEXT, length=st.integers(8, 40))
def test_no_piece_is_too_long_and_what_is_kept_is_in_order(kind: str, message: str, reply: str, length: int) -> None:
    prompt = f"Say: {message} ->"
    span = (5, 5 + len(message))
    encoded = encode(TOKENIZERS[kind](), parts((prompt, False), (reply, True), message=span), max_length=length)
    [piece] = encoded.pieces()
    kept = [token for token, keep in zip(encoded.ids, encoded.kept, strict=True) if keep]
    assert piece.ids == kept
    assert len(kept) == min(length, len(encoded.ids))
    assert all(label in (IGNORED, token) for token, label in zip(piece.ids, piece.labels, strict=True))
    replied = sum(encoded.trained)
    assert sum(label != IGNORED for label in piece.labels) >= min(replied, length // 2) - 1


@EVERY
def test_the_message_loses_its_end_and_the_frame_stays(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]()
    message = "the quick brown fox jumps over the lazy dog; " * 12
    row = parts((f"Review: {message}\nLabel:", False), (" ok", True), message=(8, 8 + len(message)))
    encoded = encode(tokenizer, row, max_length=64)
    [piece] = encoded.pieces()
    text = text_of(tokenizer, piece.ids)
    assert text.startswith("Review: the quick")
    assert text.endswith("\nLabel: ok")
    assert len(piece.ids) == 64
    gone = [place for place, keep in enumerate(encoded.kept) if not keep]
    assert gone == list(range(gone[0], gone[-1] + 1))


@EVERY
def test_a_long_reply_loses_its_end_and_its_mark(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]()
    encoded = encode(tokenizer, parts(("a", False), ("the lazy dog " * 50, True), message=(0, 1)), max_length=32)
    [piece] = encoded.pieces()
    assert len(piece.ids) == 32
    assert tokenizer.eos_token_id not in piece.ids[1:]


@EVERY
def test_the_loss_may_be_taken_on_prompts_too(kind: str) -> None:
    encoded = encode(TOKENIZERS[kind](), parts(("a fox", False), (" b", True)), train_all=True)
    [piece] = encoded.pieces()
    assert piece.labels == [IGNORED, *piece.ids[1:]]


@EVERY
def test_a_label_continues_a_prompt_as_in_a_row(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]()
    encoded = encode(tokenizer, parts(("the fox:", False), (" positive", True)))
    label = Encoder(tokenizer).continuation(" positive")
    assert encoded.ids[-len(label) :] == label
    assert sum(encoded.trained) == len(label)


@given(
    room=st.integers(4, 30),
    sizes=st.tuples(st.integers(0, 1), st.integers(1, 40), st.integers(1, 40)),
    span=st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
def test_a_cut_leaves_exactly_what_fits(room: int, sizes: tuple[int, int, int], span: tuple[int, int]) -> None:
    front, prompt, reply = sizes
    length = front + prompt + reply
    if length <= room:
        return
    start, stop = sorted(front + min(place, prompt) for place in span)
    kept = cut(room, length, front=front, prompt=front + prompt, message=(start, stop))
    assert len(kept) == length
    assert sum(kept) == room
    assert all(kept[:front])
    assert sum(kept[front + prompt :]) >= min(reply, room // 2)


def test_the_digest_tells_tokenizers_apart() -> None:
    digests = {tokenizer_digest(one) for one in (byte_level(), byte_level(chat=True), sentence_piece())}
    assert len(digests) == 3
    assert tokenizer_digest(byte_level()) in digests
