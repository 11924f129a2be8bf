"""Sampling: the filters are those of transformers, the choices follow the probabilities, a seed repeats."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.errors import Failed
from engine.inference.sampling import Sampler, filtered
from engine.protocol import Sampling
from engine.sampling import sampling_faults
from tests.examples import examples

pytestmark = pytest.mark.torch

samplings = st.builds(
    Sampling,
    temperature=st.floats(0.05, 3.0),
    top_k=st.just(0) | st.integers(1, 60),
    top_p=st.just(1.0) | st.floats(0.05, 0.999),
    min_p=st.just(0.0) | st.floats(0.001, 0.9),
)


def logits(seed: int, size: int, scale: float = 3.0) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed)) * scale


def theirs(scores: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    """The distribution of transformers' own warpers, in the order of its `generate`."""
    from transformers import MinPLogitsWarper, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    warpers: list[Any] = [TemperatureLogitsWarper(sampling.temperature)]
    if sampling.top_k:
        warpers.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        warpers.append(TopPLogitsWarper(sampling.top_p))
    if sampling.min_p > 0:
        warpers.append(MinPLogitsWarper(sampling.min_p))
    batch = scores[None].double()
    for warper in warpers:
        batch = warper(None, batch)
    return torch.softmax(batch[0], 0)


def ours(scores: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    ids, probabilities = filtered(scores.double(), sampling)
    whole = torch.zeros_like(scores, dtype=torch.float64)
    whole[ids if ids is not None else slice(None)] = probabilities
    return whole / whole.sum()


def near_an_edge(scores: torch.Tensor, sampling: Sampling) -> bool:
    """Whether rounding decides what top-p or min-p keeps."""
    scores = scores.double() / sampling.temperature
    if sampling.top_k:
        scores = scores.topk(min(sampling.top_k, len(scores))).values
    probabilities = torch.softmax(scores, 0).sort(descending=True).values
    at_p = (probabilities.cumsum(0) - sampling.top_p).abs().min() < 1e-9
    at_min = (probabilities / probabilities.max() - sampling.min_p).abs().min() < 1e-9
    return bool(at_p or at_min)


@examples(300)
@given(samplings, st.integers(0, 10**6), st.sampled_from([5, 50, 3000]))
def test_the_filters_keep_what_those_of_transformers_keep(sampling: Sampling, seed: int, size: int) -> None:
    scores = logits(seed, size)
    assume(not near_an_edge(scores, sampling))
    torch.testing.assert_close(ours(scores, sampling), theirs(scores, sampling), rtol=1e-6, atol=1e-9)


def test_a_flat_distribution_makes_top_p_look_at_the_whole_vocabulary() -> None:
    scores = logits(1, 50_000, scale=0.1)
    sampling = Sampling(temperature=1.0, top_k=0, top_p=0.9)
    torch.testing.assert_close(ours(scores, sampling), theirs(scores, sampling), rtol=1e-6, atol=1e-9)


@examples(100)
@given(st.floats(0.1, 3.0), st.lists(st.integers(0, 49), max_size=30), st.integers(0, 10**6))
def test_the_repetition_penalty_is_that_of_transformers(penalty: float, seen: list[int], seed: int) -> None:
    from transformers import RepetitionPenaltyLogitsProcessor

    assume(seen)
    scores = logits(seed, 50)
    expected = RepetitionPenaltyLogitsProcessor(penalty)(torch.tensor([seen]), scores[None].clone())[0]
    sampler = Sampler(Sampling(temperature=0, repetition_penalty=penalty), 0, seen)
    assert sampler.choose(scores).id == int(expected.argmax())


def test_chosen_tokens_are_penalised_too() -> None:
    sampler = Sampler(Sampling(temperature=0, repetition_penalty=2.0), 0)
    scores = torch.tensor([3.0, 2.0, 1.0, -1.0])
    assert [sampler.choose(scores).id for _ in range(3)] == [0, 1, 0]


def test_a_prompt_token_beyond_the_head_is_no_fault() -> None:
    sampler = Sampler(Sampling(temperature=0, repetition_penalty=2.0), 0, [99])
    assert sampler.choose(torch.tensor([1.0, 2.0])).id == 1


def test_the_same_seed_gives_the_same_choices_and_another_one_others() -> None:
    def choices(seed: int) -> list[int]:
        sampler = Sampler(Sampling(temperature=1.0, top_k=0, top_p=1.0), seed)
        return [sampler.choose(logits(step, 200)).id for step in range(50)]

    assert choices(7) == choices(7)
    assert choices(7) != choices(8)


@pytest.mark.parametrize("sampling", [Sampling(temperature=1.0, top_k=0, top_p=1.0), Sampling(top_k=5, top_p=0.8)])
def test_choices_follow_the_probabilities(sampling: Sampling) -> None:
    scores = logits(3, 8, scale=1.0)
    expected = theirs(scores, sampling)
    sampler = Sampler(sampling, 11)
    draws = 4000
    counts = torch.bincount(torch.tensor([sampler.choose(scores).id for _ in range(draws)]), minlength=8)
    assert int(counts[expected == 0].sum()) == 0
    deviation = (counts / draws - expected).abs()
    assert bool((deviation < 4 * (expected * (1 - expected) / draws).sqrt() + 1e-9).all())


def test_a_tiny_temperature_is_greedy_and_does_not_overflow() -> None:
    scores = logits(4, 1000, scale=50)
    assert Sampler(Sampling(temperature=1e-30), 1).choose(scores).id == int(scores.argmax())


@pytest.mark.parametrize("temperature", [1e-7, 1e-30, 1e-45, 1e-46, 1e-300, 5e-324])
def test_however_small_a_temperature_is_it_takes_the_likeliest(temperature: float) -> None:
    scores = logits(3, 5000)
    sampler = Sampler(Sampling(temperature=temperature), 1)
    assert [sampler.choose(scores).id for _ in range(3)] == [int(scores.argmax())] * 3


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_penalty_that_overflows_is_told_in_words(temperature: float) -> None:
    scores = logits(3, 50)
    sampler = Sampler(Sampling(temperature=temperature, repetition_penalty=1e-38), 1, [int(scores.argmax())])
    with pytest.raises(Failed) as caught:
        sampler.choose(scores * 100)
    assert "penalty" in caught.value.title


def test_a_penalty_that_could_overflow_is_no_sampling_value() -> None:
    assert "repetition_penalty" in sampling_faults(Sampling(repetition_penalty=1e-38))
    assert "repetition_penalty" in sampling_faults(Sampling(repetition_penalty=0.0))
    assert not sampling_faults(Sampling(repetition_penalty=0.01))


def test_forbidden_tokens_are_never_chosen() -> None:
    scores = torch.full((20,), -math.inf)
    scores[[3, 5]] = 1.0
    sampler = Sampler(Sampling(temperature=2.0, top_k=0, top_p=1.0), 1)
    assert {sampler.choose(scores).id for _ in range(50)} == {3, 5}


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_numbers_that_overflow_are_told_in_words(bad: float, temperature: float) -> None:
    scores = logits(5, 10)
    scores[4] = bad
    with pytest.raises(Failed, match="not a number"):
        Sampler(Sampling(temperature=temperature), 1).choose(scores)


def test_log_probabilities_are_the_models_own() -> None:
    scores = logits(6, 30)
    choice = Sampler(Sampling(temperature=0.3, top_k=2), 1, alternatives=4).choose(scores)
    expected = torch.log_softmax(scores, 0)
    assert choice.logprob == pytest.approx(float(expected[choice.id]))
    assert [token for token, _ in choice.alternatives] == expected.topk(4).indices.tolist()
    assert all(math.isfinite(logprob) for _, logprob in choice.alternatives)


def test_half_precision_logits_are_fine() -> None:
    assert Sampler(Sampling(), 1).choose(logits(8, 100).bfloat16()).id < 100
