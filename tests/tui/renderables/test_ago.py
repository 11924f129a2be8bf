"""How long ago something was."""

from __future__ import annotations

import pytest

from tui.renderables.ago import ago

HOUR_S = 3600
DAY_S = 86_400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5_000, "just now"),
        (0, "just now"),
        (59.9, "just now"),
        (60, "1 min ago"),
        (59 * 60, "59 min ago"),
        (HOUR_S, "1 h ago"),
        (DAY_S - 1, "23 h ago"),
        (DAY_S, "yesterday"),
        (2 * DAY_S, "2 days ago"),
        (7 * DAY_S, "1 week ago"),
        (29 * DAY_S, "4 weeks ago"),
        (30 * DAY_S, "1 month ago"),
        (364 * DAY_S, "12 months ago"),
        (365 * DAY_S, "1 year ago"),
        (3 * 365 * DAY_S, "3 years ago"),
    ],
)
def test_words(seconds: float, words: str) -> None:
    assert ago(seconds) == words
