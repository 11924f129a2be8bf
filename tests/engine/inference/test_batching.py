"""A batch says what each prompt alone would be told, to the token."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
import torch

from engine.inference import batching
from engine.inference.adapters import PromptedDecoder
from engine.inference.batching import BatchEvent, generate_batch
from engine.inference.generation import generate
from engine.inference.loading import LoadedModel
from engine.inference.prompt_rows import PromptRows
from engine.protocol import (
    BatchFinished,
    BatchItem,
    Generate,
    GenerateBatch,
    GenerationFinished,
    ItemFailed,
    Prompt,
    ReplyFinished,
    ReplyGrew,
    ReplyStarted,
    Sampling,
    Template,
    TokensEmitted,
    Turn,
)

pytestmark = pytest.mark.torch

FEW_SHOT = Template(
    id="few",
    name="Few",
    kind="completion",
    body="Once upon a time there was a dog. She said: hello\nOnce upon a time there was a {{ message }}",
)
PLAIN = Template(id="plain", name="Plain", kind="completion", body="{{ message }}")
BAD = Template(id="bad", name="Bad", kind="completion", body="{{ message.nothing() }}")
TEXTS = ("cat", "lazy fox. The quick brown", "x", "naïve café owner 日本語 😀", "hello, world! 1 2 3 and then", "dog; ")
GREEDY = Sampling(temperature=0.0, max_new_tokens=24)
SAMPLED = Sampling(temperature=0.9, top_k=20, max_new_tokens=24, repetition_penalty=1.2, seed=11)


def item(
    text: str, sampling: Sampling = GREEDY, template: Template = FEW_SHOT, stop: tuple[str, ...] = ()
) -> BatchItem:
    return BatchItem(
        prompt=Prompt(template=template, turns=(Turn(role="user", text=text),)), sampling=sampling, stop=stop
    )


def alone(loaded: LoadedModel, each: BatchItem) -> tuple[str, GenerationFinished]:
    loaded.decoder.forget()
    events = list(generate(loaded, Generate(id=1, prompt=each.prompt, sampling=each.sampling, stop=each.stop)))
    finished = events[-1]
    assert isinstance(finished, GenerationFinished)
    return "".join(event.text for event in events if isinstance(event, TokensEmitted)), finished


def together(loaded: LoadedModel, items: list[BatchItem], **options: Any) -> list[BatchEvent]:
    return list(generate_batch(loaded, GenerateBatch(id=1, items=tuple(items)), **options))


def text_of(events: list[BatchEvent], place: int) -> str:
    return "".join(event.text for event in events if isinstance(event, ReplyGrew) and event.item == place)


def finished_of(events: list[BatchEvent]) -> dict[int, ReplyFinished]:
    return {event.item: event for event in events if isinstance(event, ReplyFinished)}


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_a_batch_is_token_for_token_what_each_is_alone(loaded: LoadedModel, sampling: Sampling) -> None:
    items = [item(text, sampling) for text in TEXTS]
    events = together(loaded, items)
    finished = finished_of(events)
    assert sorted(finished) == list(range(len(items)))
    for place, each in enumerate(items):
        text, single = alone(loaded, each)
        assert text_of(events, place) == text
        assert (finished[place].tokens, finished[place].reason) == (single.tokens, single.reason)
        assert finished[place].prompt_tokens == single.prompt_tokens


def test_rows_that_end_early_leave_and_the_others_do_not_notice(loaded: LoadedModel) -> None:
    limits = (1, 30, 2, 12, 3, 25)
    items = [
        item(text, Sampling(temperature=0.0, max_new_tokens=limit)) for text, limit in zip(TEXTS, limits, strict=True)
    ]
    events = together(loaded, items)
    for place, each in enumerate(items):
        assert text_of(events, place) == alone(loaded, each)[0]


def test_prompts_with_nothing_in_common_are_batched_too(loaded: LoadedModel) -> None:
    items = [item(text, template=PLAIN) for text in ("Zebra", "Once upon", "1 2 3 4 5 6 7 8")]
    events = together(loaded, items)
    for place, each in enumerate(items):
        assert text_of(events, place) == alone(loaded, each)[0]


def test_each_row_has_its_own_stop_strings(loaded: LoadedModel) -> None:
    text, _ = alone(loaded, item("cat"))
    stop = text[5:8]
    events = together(loaded, [item("cat", stop=(stop,)), item("cat"), item("dog")])
    finished = finished_of(events)
    assert (finished[0].reason, finished[0].stop_text) == ("stop", stop)
    assert text_of(events, 0) == text[: text.index(stop)]
    assert text_of(events, 1) == text


def test_the_common_beginning_passes_through_the_model_once(
    tiny_gpt2: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    forward = tiny_gpt2.network.forward

    def counting(*arguments: Any, **options: Any) -> Any:
        seen.append(options["input_ids"].numel())
        return forward(*arguments, **options)

    monkeypatch.setattr(tiny_gpt2.network, "forward", counting)
    monkeypatch.setattr(batching, "can_batch", lambda model: True)
    items = [item(text, Sampling(temperature=0.0, max_new_tokens=1)) for text in ("cat", "dog", "fox", "owl")]
    events = together(tiny_gpt2, items)
    longest = max(event.prompt_tokens for event in events if isinstance(event, ReplyStarted))
    assert sum(seen) < 2 * longest


def test_one_bad_item_fails_alone(tiny_llama: LoadedModel) -> None:
    items = [item("cat"), item("x", template=BAD), item("word " * 900), item("dog"), item("x", Sampling(top_p=7))]
    events = together(tiny_llama, items)
    assert {event.item: event.code for event in events if isinstance(event, ItemFailed)} == {
        1: "template-fault",
        2: "context-overflow",
        4: "misuse",
    }
    assert sorted(finished_of(events)) == [0, 3]
    last = events[-1]
    assert isinstance(last, BatchFinished)
    assert (last.reason, last.done, last.failed) == ("completed", 2, 3)


def test_memory_bounds_the_rows_of_a_pass(loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def watched(shared: Any, rests: Any) -> PromptRows:
        sizes.append(len(rests))
        return PromptRows(shared, rests)

    monkeypatch.setattr(batching, "PromptRows", watched)
    items = [item(text) for text in TEXTS]
    monkeypatch.setattr(batching, "batch_tokens", lambda model: 250)
    events = together(loaded, items)
    assert max(sizes) < len(TEXTS)
    assert sum(sizes) == len(TEXTS)
    for place, each in enumerate(items):
        assert text_of(events, place) == alone(loaded, each)[0]


def test_a_cancel_in_the_middle_keeps_what_is_over(tiny_llama: LoadedModel) -> None:
    asked = itertools.count()
    items = [item("cat", Sampling(temperature=0.0, max_new_tokens=2)), item("dog"), item("fox")]
    events = together(tiny_llama, items, cancelled=lambda: next(asked) > 12)
    assert sorted(finished_of(events)) == [0]
    last = events[-1]
    assert isinstance(last, BatchFinished)
    assert (last.reason, last.done, last.failed) == ("cancelled", 1, 0)


@pytest.mark.parametrize("model", ["tiny_gpt2", "tiny_llama"])
def test_a_soft_prompt_stands_before_every_row(model: str, request: pytest.FixtureRequest) -> None:
    plain: LoadedModel = request.getfixturevalue(model)
    prefix = (7, 9, 11)
    prompted = msgspec.structs.replace(plain, prefix=prefix, decoder=PromptedDecoder(plain.decoder, prefix))
    items = [item(text) for text in TEXTS[:3]]
    events = together(prompted, items)
    texts = [alone(prompted, each)[0] for each in items]
    assert [text_of(events, place) for place in range(3)] == texts
    assert texts != [alone(plain, each)[0] for each in items]


def test_a_model_that_can_not_be_batched_answers_one_after_the_other(
    tiny_gpt2: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [item(text) for text in TEXTS[:3]]
    batched = together(tiny_gpt2, items)
    monkeypatch.setattr(batching, "can_batch", lambda model: False)
    single = together(tiny_gpt2, items)
    assert [text_of(single, place) for place in range(3)] == [text_of(batched, place) for place in range(3)]
    order = [event.item for event in single if isinstance(event, ReplyFinished)]
    assert order == [0, 1, 2]


def test_a_row_whose_numbers_overflow_fails_alone(tiny_gpt2: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    extend = PromptRows.extend

    def broken(rows: PromptRows, tokens: torch.Tensor) -> torch.Tensor:
        logits = extend(rows, tokens).clone()
        if len(rows) == 3:
            logits[1] = float("nan")
        return logits

    monkeypatch.setattr(PromptRows, "extend", broken)
    monkeypatch.setattr(batching, "_SHRINK_AT", 0.0)
    items = [item(text, template=PLAIN) for text in ("cat", "dog", "fox")]
    events = together(tiny_gpt2, items)
    assert len([event for event in events if isinstance(event, ItemFailed)]) == 1
    assert len(finished_of(events)) == 2
