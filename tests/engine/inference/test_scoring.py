"""Likelihoods are those of a plain pass over the whole text, however questions are put together."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.inference import scoring
from engine.inference.loading import LoadedModel
from engine.inference.questions import score
from engine.inference.scoring import Asked, score_continuations
from engine.protocol import BatchFinished, ItemFailed, Prompt, Question, Score, Scored, Template, Turn

pytestmark = pytest.mark.torch

PLAIN = Template(id="plain", name="Plain", kind="completion", body="{{ message }}")
TOLERANCE = 1e-4
ids = st.lists(st.integers(1, 300), min_size=1, max_size=6)


def plain(network: Any, prompt: list[int], continuation: list[int]) -> float:
    """The reference: one full sequence, nothing kept, nothing shared."""
    with torch.no_grad():
        logits = network(input_ids=torch.tensor([[*prompt, *continuation]]), use_cache=False).logits[0]
    logprobs = logits.double().log_softmax(-1)
    return sum(float(logprobs[len(prompt) - 1 + place, token]) for place, token in enumerate(continuation))


@st.composite
def questions(draw: st.DrawFn) -> list[Asked]:
    """Prompts with a common beginning, which may be empty, and labels that may begin alike or go on one another."""
    beginning = draw(st.lists(st.integers(1, 300), max_size=40))
    asked = []
    for _ in range(draw(st.integers(1, 5))):
        stem = draw(st.lists(st.integers(1, 300), max_size=2))
        labels = [stem + draw(ids) for _ in range(draw(st.integers(1, 3)))]
        asked.append(Asked([*beginning, *draw(st.lists(st.integers(1, 300), min_size=1, max_size=30))], labels))
    return asked


@pytest.mark.parametrize("model", ["tiny_gpt2", "tiny_llama"])
def test_scores_equal_a_plain_pass_over_the_whole_text(model: str, request: pytest.FixtureRequest) -> None:
    network = request.getfixturevalue(model).network

    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(questions())
    def equal(asked: list[Asked]) -> None:
        found = dict(score_continuations(network, asked))
        assert sorted(found) == list(range(len(asked)))
        for place, question in enumerate(asked):
            for scores, continuation in zip(found[place], question.continuations, strict=True):
                expected = plain(network, list(question.prompt), list(continuation))
                assert scores.logprob == pytest.approx(expected, abs=TOLERANCE)
                assert scores.ids == tuple(continuation)

    equal()


def test_long_continuations_in_pieces_are_the_same(tiny_gpt2: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [Asked([5, 6, 7], [list(range(1, 60)), [9]]), Asked([5, 8], [[4, 4, 4]])]
    whole = dict(score_continuations(tiny_gpt2.network, asked))
    monkeypatch.setattr(scoring, "_LOGITS", 1)
    assert dict(score_continuations(tiny_gpt2.network, asked))[0][0].logprob == pytest.approx(
        whole[0][0].logprob, abs=TOLERANCE
    )


def test_many_labels_are_scored_in_bounded_memory(tiny_llama: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = [[3, number, 7] for number in range(1, 40)]
    asked = [Asked([5, 6, 7, 8], labels), Asked([5, 6, 9], labels)]
    whole = dict(score_continuations(tiny_llama.network, asked))
    sizes: list[int] = []
    following = scoring._following

    def watched(rows: Any, continuations: Any, vocabulary: int) -> Any:
        sizes.append(len(rows))
        return following(rows, continuations, vocabulary)

    monkeypatch.setattr(scoring, "_following", watched)
    monkeypatch.setattr(scoring, "_TOKENS", 40)
    for place, found in score_continuations(tiny_llama.network, asked):
        assert [each.logprob for each in found] == pytest.approx([each.logprob for each in whole[place]], abs=TOLERANCE)
    assert max(sizes) <= 10
    assert sum(sizes) == 2 * len(labels)


def test_a_soft_prompt_stands_before_what_is_shared(tiny_gpt2: LoadedModel) -> None:
    torch.manual_seed(0)
    network = tiny_gpt2.network
    vectors = torch.randn(3, network.get_input_embeddings().weight.shape[1])
    asked = [Asked([5, 6, 7], [[1, 2], [3]]), Asked([5, 6, 9, 9], [[1, 4], [3]])]
    for place, found in score_continuations(network, asked, prefix=vectors):
        for scores, ids in zip(found, asked[place].continuations, strict=True):
            whole = torch.tensor([[*asked[place].prompt, *ids]])
            embedded = torch.cat((vectors[None], network.get_input_embeddings()(whole)), 1)
            with torch.no_grad():
                logprobs = network(inputs_embeds=embedded).logits[0].log_softmax(-1)
            start = 3 + len(asked[place].prompt) - 1
            expected = sum(float(logprobs[start + index, token]) for index, token in enumerate(ids))
            assert scores.logprob == pytest.approx(expected, abs=TOLERANCE)


def test_a_model_that_can_not_be_batched_is_asked_one_by_one(
    tiny_gpt2: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [Asked([5, 6, 7], [[1, 2], [3]]), Asked([5, 6, 9, 9], [[1, 4], [3]])]
    batched = dict(score_continuations(tiny_gpt2.network, asked))
    monkeypatch.setattr(scoring, "can_batch", lambda model: False)
    for place, found in score_continuations(tiny_gpt2.network, asked):
        assert [each.logprob for each in found] == pytest.approx(
            [each.logprob for each in batched[place]], abs=TOLERANCE
        )


def test_a_cancelled_scoring_ends(tiny_gpt2: LoadedModel) -> None:
    asked = [Asked([5, 6, 7], [[1]])] * 3
    assert list(score_continuations(tiny_gpt2.network, asked, cancelled=lambda: True)) == []


def prompt(text: str) -> Prompt:
    return Prompt(template=PLAIN, turns=(Turn(role="user", text=text),))


def test_a_word_is_scored_as_it_stands_behind_the_prompt(loaded: LoadedModel) -> None:
    question = Question(prompt=prompt("Once upon a time the mood was:"), continuations=("happy", "sad", "happy day"))
    [scored, finished] = score(loaded, Score(id=3, questions=(question,)))
    assert isinstance(scored, Scored)
    assert isinstance(finished, BatchFinished)
    assert sum(each.share for each in scored.continuations) == pytest.approx(1)
    head = loaded.tokenizer("Once upon a time the mood was:", add_special_tokens=False)["input_ids"]
    if loaded.adds_bos:
        head = [loaded.tokenizer.bos_token_id, *head]
    for word, likelihood in zip(question.continuations, scored.continuations, strict=True):
        continuation = loaded.joiner.continuation(" " + word)
        assert loaded.tokenizer.decode([*head, *continuation], skip_special_tokens=True).endswith(f"was: {word}")
        assert likelihood.logprob == pytest.approx(plain(loaded.network, head, continuation), abs=TOLERANCE)
        assert (likelihood.tokens, likelihood.characters) == (len(continuation), len(word))


def test_a_question_that_can_not_be_asked_fails_alone(tiny_gpt2: LoadedModel) -> None:
    bad = Template(id="bad", name="Bad", kind="completion", body="{{ message.nothing() }}")
    questions = (
        Question(prompt=prompt("One"), continuations=("a", "b")),
        Question(prompt=Prompt(template=bad, turns=(Turn(role="user", text="x"),)), continuations=("a",)),
        Question(prompt=prompt("word " * 500), continuations=("a",)),
        Question(prompt=prompt("Two"), continuations=()),
        Question(prompt=prompt("Three"), continuations=("a", "b")),
    )
    events = list(score(tiny_gpt2, Score(id=1, questions=questions)))
    failed = {event.item: event.code for event in events if isinstance(event, ItemFailed)}
    assert failed == {1: "template-fault", 2: "context-overflow", 3: "misuse"}
    assert sorted(event.item for event in events if isinstance(event, Scored)) == [0, 4]
    assert isinstance(events[-1], BatchFinished)
    assert (events[-1].reason, events[-1].done, events[-1].failed) == ("completed", 2, 3)
