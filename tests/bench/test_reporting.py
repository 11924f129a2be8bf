"""What a benchmark says in the end."""

from __future__ import annotations

import json

import pytest

from bench.reporting import Column, Goal, Report, alternating, median, percentile_95, ratio, show

REPORT = Report(
    benchmark="bench.example",
    conditions={"rounds": 3, "model": "random"},
    columns=(Column("rival", "rival"), Column("speed", "tokens/s", ".1f"), Column("share", "of limit", ".0%")),
    rows=[{"rival": "Ours", "speed": 41.26, "share": 0.914}, {"rival": "A rival", "speed": 9.0, "share": None}],
    goals=[
        Goal("ours over the rival", 4.0, 41.26 / 9),
        Goal("seconds", 0.5, 0.75, at_most=True),
        Goal("what nobody measured", 1.0, None),
    ],
    skipped={"Another": "it is not installed"},
    raw={"speeds": [41.26, 9.0]},
)


def test_the_table_aligns_words_left_and_figures_right_and_shows_what_is_missing() -> None:
    lines = show(REPORT, as_json=False).splitlines()
    assert lines[0] == "bench.example: rounds 3; model random"
    assert lines[2:5] == [
        "rival    tokens/s  of limit",
        "Ours         41.3       91%",
        "A rival       9.0         -",
    ]


def test_goals_and_absent_rivals_are_told_below() -> None:
    text = show(REPORT, as_json=False)
    assert "goal: ours over the rival: 4.58, to be at least 4: met" in text
    assert "goal: seconds: 0.75, to be at most 0.5: missed" in text
    assert "goal: what nobody measured: to be at least 1: not measured" in text
    assert text.endswith("left out: Another: it is not installed")


def test_json_has_all_of_it_and_every_single_time() -> None:
    found = json.loads(show(REPORT, as_json=True))
    assert found["benchmark"] == "bench.example"
    assert found["conditions"] == {"rounds": 3, "model": "random"}
    assert found["rows"][0] == {"rival": "Ours", "speed": 41.26, "share": 0.914}
    assert [goal["verdict"] for goal in found["goals"]] == ["met", "missed", "not measured"]
    assert found["skipped"] == {"Another": "it is not installed"}
    assert found["raw"] == {"speeds": [41.26, 9.0]}


def test_nobody_is_first_in_every_round() -> None:
    turns = list(alternating(["a", "b"], 3))
    assert turns == [(0, "a"), (0, "b"), (1, "b"), (1, "a"), (2, "a"), (2, "b")]


def test_what_is_missing_has_no_median_and_no_ratio() -> None:
    assert median([]) is None
    assert median([3.0, 1.0, 2.0]) == 2.0
    assert ratio(None, 2.0) is None
    assert ratio(2.0, None) is None
    assert ratio(3.0, 2.0) == 1.5


def test_the_95th_percentile_leaves_five_in_a_hundred_above() -> None:
    values = [float(number) for number in range(1, 101)]
    assert percentile_95(values) == pytest.approx(95.05)
