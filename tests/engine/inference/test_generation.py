"""A reply as a whole. Law 2: the greedy stream is that of transformers' own `generate`, and a seed repeats."""

from __future__ import annotations

import copy
import math
from typing import Any

import msgspec
import pytest
import torch

from engine.errors import ContextOverflow, Failed, Misuse
from engine.inference.decoding import PREFILL_TOKENS, TransformersDecoder
from engine.inference.loading import LoadedModel
from engine.inference.prompting import beginning_of, encode_prompt, pieces_of, reply_room_tokens
from engine.protocol import GenerationFinished, GenerationStarted, Prompt, Sampling, Template, TokensEmitted, Turn
from tests.engine.inference.prompts import (
    GREEDY,
    PLAIN,
    finished,
    ids_of,
    prompt,
    reply,
    started,
    text_of,
)

pytestmark = pytest.mark.torch

LONG = "Once upon a time there was a fox. It was quick, and the dog was lazy. "


def model_of(loaded: LoadedModel) -> Any:
    return loaded.network


def their_ids(loaded: LoadedModel, text: str, sampling: Sampling = GREEDY) -> list[int]:
    """What `generate` of transformers makes of the same prompt, without the end-of-text token."""
    model = model_of(loaded)
    ids = loaded.tokenizer(text, return_tensors="pt")["input_ids"]
    config = copy.deepcopy(model.generation_config)
    config.update(
        do_sample=False,
        max_new_tokens=sampling.max_new_tokens,
        repetition_penalty=sampling.repetition_penalty,
        eos_token_id=sorted(loaded.end_ids),
        pad_token_id=0,
    )
    with torch.inference_mode():
        output = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
    new: list[int] = output[0, ids.shape[1] :].tolist()
    return new[:-1] if new and new[-1] in loaded.end_ids else new


@pytest.mark.parametrize("penalty", [1.0, 1.3])
@pytest.mark.parametrize("text", ["Once upon a time", "The quick brown fox", "a", LONG])
def test_greedy_streams_equal_those_of_transformers(loaded: LoadedModel, text: str, penalty: float) -> None:
    sampling = msgspec.structs.replace(GREEDY, repetition_penalty=penalty)
    assert ids_of(reply(loaded, text, sampling)) == their_ids(loaded, text, sampling)


def test_greedy_streams_equal_those_of_transformers_with_the_cache_in_use_across_turns(loaded: LoadedModel) -> None:
    text = "Once upon a time"
    for question in (" there was", " a dog. It", " ran. Then"):
        text += question
        events = reply(loaded, text, msgspec.structs.replace(GREEDY, max_new_tokens=12))
        assert ids_of(events) == their_ids(loaded, text, msgspec.structs.replace(GREEDY, max_new_tokens=12))
        text += text_of(events)


def test_the_second_turn_does_not_pay_for_the_first_again(tiny_gpt2: LoadedModel) -> None:
    tiny_gpt2.decoder.forget()
    first = reply(tiny_gpt2, LONG)
    assert started(first).cached_tokens == 0
    again = reply(tiny_gpt2, LONG)
    assert started(again).cached_tokens == started(again).prompt_tokens
    longer = reply(tiny_gpt2, LONG + "And then?")
    assert started(longer).cached_tokens >= started(first).prompt_tokens - 2


def test_a_seed_repeats_and_is_told(loaded: LoadedModel) -> None:
    sampling = Sampling(temperature=1.0, max_new_tokens=30, seed=None)
    first = reply(loaded, "Once", sampling, draw_seed=lambda: 77)
    assert started(first).seed == 77
    again = reply(loaded, "Once", msgspec.structs.replace(sampling, seed=77))
    other = reply(loaded, "Once", msgspec.structs.replace(sampling, seed=78))
    assert ids_of(first) == ids_of(again)
    assert ids_of(first) != ids_of(other)


def test_a_seed_is_drawn_where_none_is_given(tiny_gpt2: LoadedModel) -> None:
    sampling = Sampling(max_new_tokens=1)
    seeds = {started(reply(tiny_gpt2, "Once", sampling)).seed for _ in range(5)}
    assert len(seeds) > 1


def test_the_stream_is_what_decoding_all_gives(loaded: LoadedModel) -> None:
    sampling = Sampling(temperature=1.5, top_k=0, top_p=1.0, max_new_tokens=60, seed=3)
    events = reply(loaded, "Once upon", sampling)
    prefix = loaded.tokenizer("Once upon")["input_ids"]
    options = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
    whole = loaded.tokenizer.decode(prefix + ids_of(events), **options)
    assert text_of(events) == whole[len(loaded.tokenizer.decode(prefix, **options)) :]


def test_a_reply_has_one_start_and_one_end_with_its_figures(tiny_gpt2: LoadedModel) -> None:
    ticks = iter(range(1000))
    events = reply(
        tiny_gpt2, "Once", msgspec.structs.replace(GREEDY, max_new_tokens=5), clock=lambda: float(next(ticks))
    )
    assert [type(event) for event in events[1:-1] if not isinstance(event, TokensEmitted)] == []
    assert isinstance(events[0], GenerationStarted)
    end = finished(events)
    assert (end.reason, end.tokens) == ("length", 5)
    assert (end.seconds, end.first_token_s, end.tokens_per_s) == (5.0, 1.0, 1.0)


def test_an_end_of_text_token_ends_the_reply(tiny_gpt2: LoadedModel) -> None:
    tokens = ids_of(reply(tiny_gpt2, "Once"))
    place = next(index for index, token in enumerate(tokens) if index > 2 and token not in tokens[:index])
    ending = msgspec.structs.replace(tiny_gpt2, end_ids=frozenset({tokens[place]}))
    events = reply(ending, "Once")
    end = finished(events)
    assert ids_of(events) == tokens[:place]
    assert (end.reason, end.stop_text, end.tokens) == ("stop", "", place)


def test_a_stop_string_ends_the_reply_and_is_no_part_of_it(stories_llama: LoadedModel) -> None:
    whole = text_of(reply(stories_llama, "Once upon a time"))
    stop = whole[20:26]
    events = reply(stories_llama, "Once upon a time", stop=(stop,))
    assert text_of(events) == whole[: whole.index(stop)]
    assert finished(events).reason == "stop"
    assert finished(events).stop_text == stop


def test_a_stop_string_that_is_a_special_token_ends_the_reply(tiny_gpt2: LoadedModel) -> None:
    tokens = ids_of(reply(tiny_gpt2, "Once"))
    place = next(index for index, token in enumerate(tokens) if index > 2 and token not in tokens[:index])
    # As of a model that was taught a mark such as <|im_end|>: its text is left out of the reply.
    special = tiny_gpt2.kinds.special | {tokens[place]}
    marked = msgspec.structs.replace(tiny_gpt2, kinds=msgspec.structs.replace(tiny_gpt2.kinds, special=special))
    mark = tiny_gpt2.tokenizer.convert_ids_to_tokens(tokens[place])
    events = reply(marked, "Once", stop=("never said", mark))
    end = finished(events)
    assert ids_of(events) == tokens[:place]
    assert (end.reason, end.stop_text, end.tokens) == ("stop", mark, place)
    assert text_of(events) == tiny_gpt2.tokenizer.decode(tokens[:place])
    assert ids_of(reply(marked, "Once")) == tokens
    by_template = reply(marked, prompt("Once", template=msgspec.structs.replace(PLAIN, stop=(mark,))))
    assert finished(by_template).stop_text == mark


def test_the_templates_own_stop_strings_count(stories_llama: LoadedModel) -> None:
    template = msgspec.structs.replace(PLAIN, stop=("little",))
    events = reply(stories_llama, prompt(template=template))
    assert finished(events).stop_text == "little"
    assert text_of(events) == ", there was a "


def test_what_was_held_back_for_a_stop_string_comes_at_the_end(stories_llama: LoadedModel) -> None:
    whole = text_of(reply(stories_llama, "Once upon a time"))
    assert text_of(reply(stories_llama, "Once upon a time", stop=(whole[-5:] + "never",))) == whole


def test_a_reply_that_reaches_the_window_says_so(stories_gpt2: LoadedModel) -> None:
    loaded = msgspec.structs.replace(stories_gpt2, end_ids=frozenset[int]())
    events = reply(loaded, "Once upon a time", msgspec.structs.replace(GREEDY, max_new_tokens=500))
    end = finished(events)
    assert end.reason == "context"
    assert end.prompt_tokens + end.tokens == loaded.info.context_tokens == 128


def test_a_cancelled_reply_keeps_what_there_is(tiny_gpt2: LoadedModel) -> None:
    whole = reply(tiny_gpt2, "Once")
    answers = iter([False] * 9 + [True] * 1000)
    events = reply(tiny_gpt2, "Once", cancelled=lambda: next(answers))
    end = finished(events)
    assert end.reason == "cancelled"
    assert 0 < end.tokens < 40
    assert ids_of(events) == ids_of(whole)[: end.tokens]
    assert text_of(whole).startswith(text_of(events).rstrip("�"))


def test_a_long_prompt_is_left_between_its_pieces_when_cancelled(tiny_gpt2: LoadedModel) -> None:
    tiny_gpt2.decoder.forget()
    text = LONG * 5
    answers = iter([False, True, True, True])
    events = reply(tiny_gpt2, text, msgspec.structs.replace(GREEDY, max_new_tokens=1), cancelled=lambda: next(answers))
    assert finished(events).reason == "cancelled"
    assert finished(events).tokens == 0
    # What was computed is not lost.
    assert started(reply(tiny_gpt2, text)).cached_tokens == PREFILL_TOKENS


def test_a_long_prompt_taken_in_by_pieces_gives_the_same_logits(loaded: LoadedModel) -> None:
    ids = [index * 7 % 300 for index in range(min(200, loaded.info.context_tokens))]
    with torch.inference_mode():
        expected = model_of(loaded)(input_ids=torch.tensor([ids])).logits[0, -1]
    logits = loaded.decoder.prefill(ids, lambda: False)
    assert logits is not None
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-3)


def test_oldest_turns_fall_out_of_a_full_window(stories_gpt2: LoadedModel) -> None:
    template = msgspec.structs.replace(PLAIN, body="{% for turn in turns %}{{ turn.text }}\n{% endfor %}")
    turns = tuple(
        Turn(role="user" if index % 2 == 0 else "assistant", text=f"Turn {index} is about a cat.")
        for index in range(21)
    )
    events = reply(
        stories_gpt2, Prompt(template=template, turns=turns), msgspec.structs.replace(GREEDY, max_new_tokens=30)
    )
    assert started(events).dropped_turns > 0
    assert started(events).prompt_tokens <= 128 - 30


def test_a_message_longer_than_the_window_is_told_with_both_numbers(stories_gpt2: LoadedModel) -> None:
    with pytest.raises(ContextOverflow) as caught:
        reply(stories_gpt2, "cat " * 300)
    assert caught.value.limit_tokens == 128 - 128 // 16  # rather a short reply than none
    assert caught.value.needed_tokens > 300


def test_a_huge_reply_limit_leaves_most_of_the_window_to_what_was_said(stories_gpt2: LoadedModel) -> None:
    assert reply_room_tokens(stories_gpt2.info.context_tokens, 5000) == 32
    kept = encode_prompt(stories_gpt2, prompt("cat " * 40), max_new_tokens=5000)
    assert 64 < len(kept.ids) <= 96


def test_a_continued_reply_goes_on_with_its_space(stories_llama: LoadedModel) -> None:
    whole = text_of(reply(stories_llama, "Once upon a time"))
    cut = whole.index(" little")
    events = reply(stories_llama, prompt(reply_start=whole[:cut]))
    assert text_of(events).startswith(" little girl")


def test_the_beginning_of_text_is_marked_once(stories_llama: LoadedModel) -> None:
    count = len(stories_llama.tokenizer("Once", add_special_tokens=False)["input_ids"])
    assert started(reply(stories_llama, "Once")).prompt_tokens == count + 1
    with_bos = msgspec.structs.replace(PLAIN, body="{{ bos_token }}{{ message }}")
    assert started(reply(stories_llama, prompt("Once", template=with_bos))).prompt_tokens <= count + 2


def test_a_chat_template_writes_its_own_special_tokens(stories_llama: LoadedModel) -> None:
    info = msgspec.structs.replace(stories_llama.info, chat_template="{{ bos_token }}{{ messages[-1].content }}")
    loaded = msgspec.structs.replace(stories_llama, info=info)
    own = Template(id="own", name="Own", kind="chat", body="", uses_chat_template=True)
    ids_with_bos = loaded.tokenizer("<s>Once", add_special_tokens=False)["input_ids"]
    assert started(reply(loaded, prompt("Once", template=own))).prompt_tokens == len(ids_with_bos)
    assert ids_with_bos.count(1) == 1


def test_an_empty_prompt_begins_with_the_beginning_of_text(tiny_gpt2: LoadedModel) -> None:
    events = reply(tiny_gpt2, "")
    assert started(events).prompt_tokens == 1
    assert finished(events).tokens == 40


def test_the_token_in_front_of_a_prompt_can_be_told(tiny_gpt2: LoadedModel, stories_llama: LoadedModel) -> None:
    def told(loaded: LoadedModel, text: str) -> str:
        return beginning_of(loaded, encode_prompt(loaded, prompt(text), 8))

    assert told(stories_llama, "Once") == "<s>"
    assert told(stories_llama, "<s>Once") == ""  # the text has its own
    assert told(tiny_gpt2, "Once") == ""
    assert told(tiny_gpt2, "") == "<|endoftext|>"  # a model needs something to begin with


def test_alternatives_are_reported_on_request(tiny_gpt2: LoadedModel) -> None:
    events = reply(tiny_gpt2, "Once", msgspec.structs.replace(GREEDY, max_new_tokens=3), top_logprobs=4)
    tokens = [event for event in events if isinstance(event, TokensEmitted) and event.ids]
    assert len(tokens) == 3
    for event in tokens:
        (alternatives,) = event.alternatives
        assert len(alternatives) == 4
        assert alternatives[0].id == event.ids[0]
        assert alternatives[0].logprob == pytest.approx(event.logprobs[0])
        assert sum(math.exp(one.logprob) for one in alternatives) <= 1 + 1e-6


def test_values_out_of_bounds_are_refused(tiny_gpt2: LoadedModel) -> None:
    with pytest.raises(Misuse, match="temperature"):
        reply(tiny_gpt2, "Once", Sampling(temperature=-1))


class Broken:
    """A decoder whose numbers overflow, or whose memory ends."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.forgotten = False

    def reusable(self, ids: Any) -> int:
        return 0

    def prefill(self, ids: Any, cancelled: Any) -> torch.Tensor:
        if self.error is not None:
            raise self.error
        return torch.full((10,), math.nan)

    def step(self, token: int) -> torch.Tensor:
        raise AssertionError("no token was chosen")

    def foresight(self) -> None:
        return None

    def forget(self) -> None:
        self.forgotten = True


def test_numbers_that_overflow_end_the_reply_in_words(tiny_gpt2: LoadedModel) -> None:
    with pytest.raises(Failed, match="not a number"):
        reply(msgspec.structs.replace(tiny_gpt2, decoder=Broken()), "Once")


def test_memory_that_runs_out_ends_the_reply_in_words_and_is_given_back(tiny_gpt2: LoadedModel) -> None:
    decoder = Broken(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
    with pytest.raises(Failed, match="Memory ran out"):
        reply(msgspec.structs.replace(tiny_gpt2, decoder=decoder), "Once")
    assert decoder.forgotten


def test_an_error_inside_the_model_leaves_no_half_filled_cache(
    plain_gpt2: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ids_of(reply(plain_gpt2, "Once"))
    attention = model_of(plain_gpt2).transformer.h[1].attn
    with monkeypatch.context() as patch:
        patch.setattr(attention, "forward", lambda *args, **options: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            reply(plain_gpt2, LONG)
    assert ids_of(reply(plain_gpt2, "Once")) == expected


def test_a_model_without_a_cache_answers_too(tiny_gpt2: LoadedModel) -> None:
    expected = reply(tiny_gpt2, "Once")

    class Uncached:
        """As the few architectures are that take no past."""

        device = torch.device("cpu")

        def __init__(self, model: Any) -> None:
            self.model = model
            self.config = model.config

        def forward(self, input_ids: torch.Tensor) -> Any:
            return self.model(input_ids=input_ids, use_cache=False)

        __call__ = forward

    loaded = msgspec.structs.replace(tiny_gpt2, decoder=TransformersDecoder(Uncached(model_of(tiny_gpt2))))
    assert ids_of(reply(loaded, "Once")) == ids_of(expected)


def test_a_finished_event_is_always_last(loaded: LoadedModel) -> None:
    events = reply(loaded, "Once", Sampling(max_new_tokens=1, seed=1))
    assert [isinstance(event, GenerationFinished) for event in events] == [False] * (len(events) - 1) + [True]


@pytest.mark.parametrize("text", ["Once upon a time", "naïve 😀 CJK: 漢字", " two  blanks \n", "half \ufffd", ""])
def test_the_pieces_of_a_prompt_are_its_tokens_and_make_its_text(
    tiny_gpt2: LoadedModel, stories_llama: LoadedModel, text: str
) -> None:
    for loaded in (tiny_gpt2, stories_llama):
        encoded = encode_prompt(loaded, prompt(text), 8)
        pieces = pieces_of(loaded, encoded)
        assert len(pieces) == len(encoded.ids)
        assert text in "".join(pieces)
