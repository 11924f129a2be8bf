"""Law 1: the concatenated stream equals `decode` of all the tokens, for any ids and any text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.inference.detokenizer import Detokenizer, token_kinds
from tests.examples import examples

pytestmark = pytest.mark.torch

TEXTS = (
    "naïve 😀",
    "👩‍👩‍👧‍👦 family, 🏳️‍🌈 flag",
    "e\u0301 combining, Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍a̴̵̜̰͔ͫ͗͢",
    "日本語のテキスト、中文文本，한국어",
    "مرحبا بالعالم",
    "  two  spaces \n\n and\ttabs \r\n",
    "�",
    "",
)


def real_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


@pytest.fixture(scope="module", params=["gpt2-tokenizer", "stories260k"])
def tokenizer(request: pytest.FixtureRequest, data: Path) -> Any:
    return real_tokenizer(data / str(request.param))


def decode(tokenizer: Any, ids: list[int]) -> str:
    return str(tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def stream(tokenizer: Any, ids: list[int], prefix: list[int], kinds: Any = None) -> list[str]:
    detokenizer = Detokenizer(tokenizer, prefix, kinds=kinds)
    return [*(detokenizer.push(token) for token in ids), detokenizer.flush()]


def check(tokenizer: Any, ids: list[int], prefix: list[int], kinds: Any = None) -> None:
    expected = decode(tokenizer, prefix + ids)[len(decode(tokenizer, prefix)) :]
    assert "".join(stream(tokenizer, ids, prefix, kinds)) == expected


@pytest.mark.parametrize("between", [1, 512, 513])
def test_a_special_or_unknown_id_between_two_bytes_does_not_part_them(data: Path, between: int) -> None:
    tokenizer = real_tokenizer(data / "stories260k")
    check(tokenizer, [3, between, 131], [])


@pytest.mark.parametrize("text", TEXTS)
def test_texts_come_back_whole(tokenizer: Any, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    check(tokenizer, ids, [])
    check(tokenizer, ids, tokenizer("A prompt, before it:")["input_ids"])


def test_any_ids_give_what_decoding_all_of_them_gives(tokenizer: Any) -> None:
    kinds = token_kinds(tokenizer)

    @examples(300)
    @given(st.lists(st.integers(0, len(tokenizer) + 2), max_size=80))
    def law(ids: list[int]) -> None:
        check(tokenizer, ids, [], kinds)

    law()


def test_bytes_in_any_order_give_what_decoding_all_of_them_gives(tokenizer: Any) -> None:
    """Mostly tokens of one byte, so that half characters, broken runs and their neighbours are common."""
    kinds = token_kinds(tokenizer)
    single = [token for text, token in tokenizer.get_vocab().items() if len(text) == 1 or text.startswith("<0x")]

    @examples(300)
    @given(st.lists(st.sampled_from(single) | st.integers(0, len(tokenizer) - 1), max_size=120))
    def law(ids: list[int]) -> None:
        check(tokenizer, ids, [], kinds)

    law()


def test_any_text_behind_any_prompt_gives_what_decoding_both_gives(tokenizer: Any) -> None:
    kinds = token_kinds(tokenizer)

    @examples(300)
    @given(st.text(max_size=60), st.text(max_size=60), st.booleans())
    def law(prompt: str, text: str, special: bool) -> None:
        prefix = tokenizer(prompt, add_special_tokens=special)["input_ids"]
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        check(tokenizer, ids, prefix, kinds)

    law()


def test_a_text_cut_inside_a_character_ends_in_a_replacement_character(tokenizer: Any) -> None:
    ids = tokenizer("so 😀", add_special_tokens=False)["input_ids"]
    check(tokenizer, ids[:-1], [])


def test_a_character_is_given_out_once_it_is_whole_and_never_in_parts(tokenizer: Any) -> None:
    ids = tokenizer("a 😀 b", add_special_tokens=False)["input_ids"]
    pieces = stream(tokenizer, ids, [])
    assert "�" not in "".join(pieces)
    assert sum("😀" in piece for piece in pieces) == 1


def test_a_continuation_keeps_its_leading_space(data: Path) -> None:
    tokenizer = real_tokenizer(data / "stories260k")
    prefix = tokenizer("Once upon")["input_ids"]
    ids = tokenizer("a time", add_special_tokens=False)["input_ids"]
    assert "".join(stream(tokenizer, ids, prefix)) == " a time"
    assert "".join(stream(tokenizer, ids, [])) == "a time"


def test_special_tokens_are_left_out_or_kept_as_asked(data: Path) -> None:
    tokenizer = real_tokenizer(data / "stories260k")
    ids = [1, *tokenizer("a cat", add_special_tokens=False)["input_ids"], 2]
    assert "".join(stream(tokenizer, ids, [])) == "a cat"
    kept = Detokenizer(tokenizer, skip_special_tokens=False)
    text = "".join([*map(kept.push, ids), kept.flush()])
    assert text == tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)


class CountingTokenizer:
    """Counts the ids that are decoded."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.decoded_ids = 0

    def decode(self, ids: list[int], **options: Any) -> str:
        self.decoded_ids += len(ids)
        return str(self._tokenizer.decode(ids, **options))


@pytest.mark.parametrize("text", ["One two three, four. ", "日本", "\n", "�", "é"])
def test_a_long_reply_costs_no_more_per_token_than_a_short_one(tokenizer: Any, text: str) -> None:
    kinds = token_kinds(tokenizer)
    ids = tokenizer(text * 1000, add_special_tokens=False)["input_ids"][:4000]
    counting = CountingTokenizer(tokenizer)
    detokenizer = Detokenizer(counting, kinds=kinds)
    pieces = [*(detokenizer.push(token) for token in ids), detokenizer.flush()]
    assert "".join(pieces) == decode(tokenizer, ids)
    assert counting.decoded_ids < 100 * len(ids)


def test_an_endless_run_of_broken_bytes_costs_no_more_per_token(data: Path) -> None:
    tokenizer = real_tokenizer(data / "gpt2-tokenizer")
    ids = [tokenizer.get_vocab()["ÿ"]] * 4000  # byte 0xFF, which no text has
    counting = CountingTokenizer(tokenizer)
    detokenizer = Detokenizer(counting, kinds=token_kinds(tokenizer))
    pieces = [*(detokenizer.push(token) for token in ids), detokenizer.flush()]
    assert "".join(pieces) == decode(tokenizer, ids)
    assert counting.decoded_ids < 100 * len(ids)


@pytest.mark.parametrize("name", ["metaspace", "wordpiece", "bpe-suffix"])
def test_other_decoders_follow_the_law_too(name: str) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {"metaspace": ["▁", "▁a", "b", "▁cat", "s"], "wordpiece": ["a", "##b", "cat", "##s", "."]}
    vocabulary = words.get(name, ["a</w>", "b", "cat</w>", "s</w>", "."])
    backend = Tokenizer(
        models.WordLevel({word: index for index, word in enumerate(vocabulary)}, unk_token=vocabulary[0])
    )
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.decoder = {
        "metaspace": decoders.Metaspace(),
        "wordpiece": decoders.WordPiece(cleanup=False),
    }.get(name, decoders.BPEDecoder(suffix="</w>"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)

    @examples(200)
    @given(st.lists(st.integers(0, len(vocabulary) - 1), max_size=60), st.integers(0, 20))
    def law(ids: list[int], split: int) -> None:
        check(tokenizer, ids[split:], ids[:split])

    law()
