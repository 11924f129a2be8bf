"""Shares of label words: neither length nor tokens nor likeness count."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.likelihood import TokenScores, shares
from engine.protocol import Normalisation

NORMALISATIONS: tuple[Normalisation, ...] = ("choice", "token", "character", "none")


def text(ids: str, *probabilities: float, characters: int = 1) -> TokenScores:
    return TokenScores(ids=tuple(map(ord, ids)), logprobs=tuple(map(math.log, probabilities)), characters=characters)


def test_a_choice_of_two_tokens_is_their_odds() -> None:
    assert shares([text("a", 0.03), text("b", 0.01)]) == pytest.approx([0.75, 0.25])


def test_tokens_behind_the_one_that_decides_do_not_count() -> None:
    assert shares([text("axyz", 0.03, 0.5, 0.1, 0.2), text("b", 0.01)]) == pytest.approx([0.75, 0.25])


def test_texts_that_begin_alike_share_the_odds_of_their_beginning() -> None:
    found = shares([text("xa", 0.2, 0.3), text("xb", 0.2, 0.1), text("y", 0.2)])
    assert found == pytest.approx([0.375, 0.125, 0.5])


def test_ending_has_the_probability_of_whatever_does_not_go_on() -> None:
    assert shares([text("a", 0.5), text("ab", 0.5, 0.3)]) == pytest.approx([0.7, 0.3])


def test_the_same_tokens_share_alike() -> None:
    assert shares([text("a", 0.5), text("a", 0.5), text("b", 0.5)]) == pytest.approx([0.25, 0.25, 0.5])


def test_the_mean_of_a_token_does_not_punish_length() -> None:
    assert shares([text("aa", 0.5, 0.5), text("b", 0.5)], "token") == pytest.approx([0.5, 0.5])
    assert shares([text("aa", 0.5, 0.5), text("b", 0.5)], "none") == pytest.approx([1 / 3, 2 / 3])
    assert shares([text("a", 0.25, characters=2), text("b", 0.5)], "character") == pytest.approx([0.5, 0.5])


def test_probabilities_too_small_for_a_number_are_compared_all_the_same() -> None:
    tiny = [TokenScores(ids=(1,), logprobs=(-1000.0,), characters=1), TokenScores((2,), (-1001.0,), 1)]
    assert shares(tiny) == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.e)])


@st.composite
def trees(draw: st.DrawFn) -> list[TokenScores]:
    """Texts over three tokens whose probabilities depend on what stands before them, as a model's do."""
    words = draw(st.lists(st.text("abc", min_size=1, max_size=5), min_size=1, max_size=6))
    seed = draw(st.integers(0, 1000))

    def chance(before: str, token: str) -> float:
        weights = {each: 1 + (hash((seed, before, each)) % 97) for each in "abc"}
        return weights[token] / (sum(weights.values()) + 50)

    return [text(word, *(chance(word[:place], word[place]) for place in range(len(word)))) for word in words]


@given(trees(), st.sampled_from(NORMALISATIONS))
def test_shares_add_up_to_1(texts: list[TokenScores], normalisation: Normalisation) -> None:
    found = shares(texts, normalisation)
    assert sum(found) == pytest.approx(1)
    assert all(0 <= share <= 1 for share in found)


@given(trees())
def test_a_choice_is_what_a_decoder_held_to_the_texts_would_say(texts: list[TokenScores]) -> None:
    """The same by walking the tree of strings from its root, which is how such a decoder works."""
    words = ["".join(map(chr, each.ids)) for each in texts]
    probability = {word: each.logprobs for word, each in zip(words, texts, strict=True)}

    def walk(prefix: str) -> dict[str, float]:
        inside = {word for word in words if word.startswith(prefix)}
        nexts = sorted({word[len(prefix)] for word in inside if len(word) > len(prefix)})
        odds = {
            token: math.exp(next(probability[word] for word in inside if word.startswith(prefix + token))[len(prefix)])
            for token in nexts
        }
        found: dict[str, float] = {}
        ends = 1 - sum(odds.values()) if prefix in inside else 0.0
        total = sum(odds.values()) + ends
        if prefix in inside:
            found[prefix] = ends / total
        for token in nexts:
            for word, share in walk(prefix + token).items():
                found[word] = share * odds[token] / total
        return found

    expected = walk("")
    assert shares(texts) == pytest.approx([expected[word] / words.count(word) for word in words])
