"""The form for the sampling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.protocol import Sampling, SamplingChange
from engine.sampling import LIMITS, sampling_for
from tui.state.sampling_fields import FIELDS, change_between, read, summary, texts_of

DEFAULTS = Sampling(temperature=0.7)


def test_there_is_a_field_for_everything_that_can_be_set() -> None:
    assert [field.name for field in FIELDS] == list(LIMITS)
    assert all(len(field.brief) <= 40 and len(field.meaning) <= 60 for field in FIELDS)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("temperature", "0", 0.0),
        ("temperature", " 1,5 ", 1.5),
        ("temperature", "", 0.7),
        ("top_k", "12", 12),
        ("seed", "0", 0),
        ("seed", "", None),
        ("seed", str(2**63 - 1), 2**63 - 1),
    ],
)
def test_what_is_typed_is_read(name: str, text: str, value: float | None) -> None:
    reading = read({name: text}, DEFAULTS)
    assert reading.faults == {}
    assert getattr(reading.sampling, name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("temperature", "-1"), ("temperature", "nan"), ("temperature", "inf"), ("temperature", "warm"),
        ("top_k", "1.5"), ("top_k", "-1"), ("top_p", "0"), ("top_p", "1.1"), ("min_p", "2"),
        ("repetition_penalty", "0"), ("max_new_tokens", "0"), ("seed", "-1"), ("seed", "9" * 5000),
    ],
)  # fmt: skip
def test_what_can_not_be_right_is_told_and_leaves_the_default(name: str, text: str) -> None:
    reading = read({name: text}, DEFAULTS)
    assert list(reading.faults) == [name]
    assert reading.faults[name].startswith("it has to be a")
    assert reading.sampling == DEFAULTS


def test_only_what_differs_is_a_change() -> None:
    assert change_between(DEFAULTS, DEFAULTS) == SamplingChange()
    assert change_between(DEFAULTS, Sampling(temperature=0.0, seed=3)) == SamplingChange(temperature=0.0, seed=3)


@given(
    st.builds(
        Sampling,
        temperature=st.floats(0, 100),
        top_k=st.integers(0, 1000),
        top_p=st.floats(0.001, 1),
        min_p=st.floats(0, 1),
        repetition_penalty=st.floats(0.01, 10),
        max_new_tokens=st.integers(1, 10_000),
        seed=st.none() | st.integers(0, 2**63 - 1),
    )
)
def test_a_sampling_that_goes_through_the_form_stays_as_it_is(sampling: Sampling) -> None:
    reading = read(texts_of(sampling), Sampling())
    assert reading.faults == {}
    again = sampling_for(change_between(Sampling(), reading.sampling))
    for field in FIELDS:
        assert getattr(again, field.name) == pytest.approx(getattr(sampling, field.name), rel=1e-9)
    assert summary(sampling)


@pytest.mark.parametrize(
    ("sampling", "words"),
    [
        (Sampling(temperature=0), "Takes the likeliest token each time"),
        (Sampling(top_k=1), "Draws from one token only"),
        (Sampling(top_k=0, top_p=1), "Draws each token from all tokens, leaning to the likeliest."),
        (Sampling(top_k=0, top_p=1, min_p=0.05), "from those at least 5 % as likely as the likeliest"),
        (Sampling(), "from the 50 likeliest tokens, of these those that make up 95 % of the probability"),
        (Sampling(temperature=0.2), "nearly always one of the likeliest"),
        (Sampling(temperature=1.0), "as likely as the model says"),
        (Sampling(temperature=1.4), ", bolder than the model says"),
        (Sampling(temperature=2.0), "far bolder than the model says"),
        (Sampling(repetition_penalty=1.2), "Avoids tokens that were there before."),
        (Sampling(repetition_penalty=0.9), "Favours tokens that were there before."),
        (Sampling(max_new_tokens=1), "Ends after one token."),
        (Sampling(max_new_tokens=2_000), "Ends after 2,000 tokens at the latest."),
        (Sampling(seed=7), "With the seed 7 it can be repeated exactly."),
        (Sampling(), "A new seed for every reply."),
    ],
)
def test_the_summary_says_what_the_settings_do(sampling: Sampling, words: str) -> None:
    assert words in summary(sampling)


def test_greedy_says_nothing_of_a_seed() -> None:
    assert "seed" not in summary(Sampling(temperature=0, seed=7))
