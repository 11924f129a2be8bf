"""Numbers with units, in words."""

from __future__ import annotations

import pytest

from engine.conversations import Figures
from engine.figures import figures_line, human_bytes, human_count, human_duration, plural, reason_words


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1 kB"),
        (1_050_000, "1.1 MB"),
        (548_105_171, "548 MB"),
        (999_499_999, "999 MB"),
        (999_999_999, "1 GB"),
        (3_250_000_000, "3.2 GB"),
        (2e15, "2000 TB"),
    ],
)
def test_bytes(size_bytes: float, words: str) -> None:
    assert human_bytes(size_bytes) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0"), (950, "950"), (1024, "1k"), (50_257, "50.3k"), (260_032, "260k"), (124_439_808, "124M"),
        (999_999_999, "1B"), (1_557_611_200, "1.6B"),
    ],
)  # fmt: skip
def test_counts(count: float, words: str) -> None:
    assert human_count(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (80, "1 min 20 s"), (4_200, "1 h 10 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert human_duration(seconds) == words


def test_nouns_follow_their_count() -> None:
    assert [plural(count, "token") for count in (0, 1, 2, 1_200)] == ["0 tokens", "1 token", "2 tokens", "1,200 tokens"]
    assert plural(2, "reply", "replies") == "2 replies"


@pytest.mark.parametrize(
    ("reason", "stop_text", "words"),
    [
        ("stop", "", "stopped at end of text"),
        ("stop", "\nUser:", "stopped at “␊User:”"),
        ("stop", "\x1b" + "x" * 50, "stopped at “␛" + "x" * 18 + "…”"),
        ("length", "", "stopped at the length limit"),
        ("context", "", "stopped as the window is full"),
        ("cancelled", "", "stopped by you"),
        ("interrupted", "", "interrupted"),
        ("failed", "", "failed"),
        ("streaming", "", ""),
    ],
)
def test_reasons_are_told_in_words(reason: str, stop_text: str, words: str) -> None:
    assert reason_words(reason, stop_text) == words


def test_the_line_under_a_reply() -> None:
    figures = Figures(
        tokens=87, tokens_per_s=41.23, first_token_s=0.123, seconds=2.2, reason="stop", seed=42, dropped_turns=2
    )
    assert figures_line(figures) == (
        "87 tokens · 41.2 tok/s · first after 0.12 s · stopped at end of text · without the 2 oldest turns · seed 42"
    )


def test_what_was_not_measured_is_left_out() -> None:
    assert figures_line(Figures(tokens=1, reason="cancelled")) == "1 token · stopped by you"
    assert "first after 4.0 s" in figures_line(Figures(first_token_s=4.0))
    assert "first after 1 min 5 s" in figures_line(Figures(first_token_s=65.0))
