"""What a table's figures are made of."""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lab import Lab, Label, Row, Variation
from engine.lab.records import LabelScores, Metric, Place, ReferenceScore, Reply, Result
from engine.lab.scores import plain, row_scores
from engine.lab.statistics import ratio
from engine.lab.summary import Summary, figure_text, interval_text, summarise
from engine.protocol import Likelihood, Template

TEMPLATE = Template(id="t", name="T", kind="completion", body="{{ message }}")


def make_lab(rows: int, metric: Metric, variations: int = 1) -> Lab:
    return Lab(
        name="x",
        rows=tuple(Row(input=f"row {row}", reference="A good one.", label="1") for row in range(rows)),
        variations=tuple(Variation(name=f"V{place}", model="m", template=TEMPLATE) for place in range(variations)),
        metrics=(metric,),
        labels=(Label(value="0", word="bad"), Label(value="1", word="good")),
    )


def reply(text: str) -> Reply:
    return Reply(text=text, reason="stop", tokens=1, prompt_tokens=1, seconds=0.0, seed=0)


def replies(*texts: str, variation: int = 0) -> dict[Place, Result]:
    return {Place(row=row, variation=variation, part="reply"): reply(text) for row, text in enumerate(texts) if text}


def label_scores(share: float) -> LabelScores:
    """With this share for the second label."""
    made = [Likelihood(logprob=-1.0, tokens=1, characters=4, share=each) for each in (1 - share, share)]
    return LabelScores(likelihoods=tuple(made), prompt_tokens=3)


def answers(*shares: float, variation: int = 0) -> dict[Place, Result]:
    return {Place(row=row, variation=variation, part="labels"): label_scores(share) for row, share in enumerate(shares)}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (" A good\n one!", "a good one."),
        ("“Yes.”", "yes"),
        ("ＡＢＣ", "abc"),
        ("STRASSE", "straße"),
        ("...", "..."),
        ("don't", "DON'T"),
    ],
)
def test_an_exact_match_forgives_case_blanks_and_punctuation_around(said: str, meant: str) -> None:
    assert plain(said) == plain(meant)


@pytest.mark.parametrize(("said", "meant"), [("good one", "a good one"), ("dont", "don't"), ("1.5", "15")])
def test_an_exact_match_forgives_nothing_else(said: str, meant: str) -> None:
    assert plain(said) != plain(meant)


@given(st.text(max_size=30))
def test_making_a_text_plain_twice_changes_nothing_more(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_accuracy_counts_the_rows_whose_likeliest_label_is_right() -> None:
    lab = make_lab(4, "accuracy")
    scores = row_scores(lab, answers(0.9, 0.4, 0.6), 0, "accuracy")
    assert scores == {0: (1, 1), 1: (0, 1), 2: (1, 1)}


def test_a_row_whose_label_has_no_word_is_not_counted() -> None:
    lab = make_lab(1, "accuracy")
    lab = msgspec.structs.replace(lab, rows=(Row(input="x", label="7"),))
    assert row_scores(lab, answers(0.9), 0, "accuracy") == {}


def test_exact_match_takes_the_word_of_the_label_where_there_is_no_reference() -> None:
    lab = msgspec.structs.replace(make_lab(1, "exact"), rows=(Row(input="x", label="0"),))
    assert row_scores(lab, replies(" Bad."), 0, "exact") == {0: (1, 1)}


def test_perplexity_is_that_of_all_tokens_together() -> None:
    lab = make_lab(2, "perplexity")
    results: dict[Place, Result] = {
        Place(row=row, variation=0, part="reference"): ReferenceScore(
            likelihood=Likelihood(logprob=logprob, tokens=tokens, characters=9, share=1.0), prompt_tokens=1
        )
        for row, (logprob, tokens) in enumerate([(-6.0, 2), (-2.0, 6)])
    }
    [line] = summarise(lab, results).metrics
    assert line.figures[0] is not None
    assert line.figures[0].value == pytest.approx(math.exp(8 / 8))
    assert line.figures[0].low <= line.figures[0].value <= line.figures[0].high


@given(st.lists(st.text("ab ", max_size=12), min_size=1, max_size=5))
def test_diversity_is_distinct_2(texts: list[str]) -> None:
    lab = make_lab(len(texts), "diversity")
    found = row_scores(lab, replies(*texts), 0, "diversity")
    pairs = [pair for text in texts for words in [text.split()] for pair in pairwise(words)]
    if not pairs:
        assert found == {}
    else:
        assert ratio(list(found.values())) == pytest.approx(len(set(pairs)) / len(pairs))


def test_the_same_reply_to_everything_is_not_diverse() -> None:
    lab = make_lab(4, "diversity", variations=2)
    results = replies(*["the same old words"] * 4) | replies("one two", "red fox", "old sea", "my hat", variation=1)
    [line] = summarise(lab, results).metrics
    assert line.best == 1
    assert [interval.value for interval in line.figures if interval] == pytest.approx([0.25, 1.0])


def judged(rows: int, first: list[float], second: list[float]) -> Summary:
    lab = make_lab(rows, "accuracy", variations=2)
    return summarise(lab, answers(*first) | answers(*second, variation=1))


def test_a_clear_winner_is_called_better() -> None:
    summary = judged(40, [0.9] * 40, [0.9] * 10 + [0.1] * 30)
    [line] = summary.metrics
    assert summary.winner == 0
    assert line.verdict.startswith('"V0" is better than "V1" on these 40 rows')
    assert "100 % against 25.0 %" in line.verdict


def test_a_lead_that_may_be_chance_is_called_so() -> None:
    [line] = judged(40, [0.9] * 21 + [0.1] * 19, [0.1] * 20 + [0.9] * 20).metrics
    assert "that can be chance" in line.verdict
    assert "better" not in line.verdict


def test_few_rows_are_told() -> None:
    [line] = judged(5, [0.9] * 5, [0.1] * 5).metrics
    assert "that can be chance. 5 rows are few" in line.verdict


def test_equals_are_called_equal() -> None:
    [line] = judged(3, [0.9] * 3, [0.8] * 3).metrics
    assert "equally well" in line.verdict


def test_a_comparison_is_made_on_the_rows_that_both_have() -> None:
    [line] = judged(40, [0.9] * 40, [0.1] * 5).metrics
    assert "100 % against 0 %" in line.verdict
    assert "5 rows" in line.verdict


def test_a_lead_that_other_rows_make_is_none() -> None:
    [line] = judged(60, [0.1] * 20 + [0.9] * 40, [0.9] * 10 + [0.1] * 10).metrics
    assert line.best == 1
    assert line.verdict.startswith('"V1" is better than "V0" on these 20 rows')
    assert "50.0 % against 0 %" in line.verdict
    assert line.difference is not None
    assert line.difference.low > 0


def test_of_three_that_beat_each_other_in_turn_the_verdict_is_for_the_best() -> None:
    """On the rows that two of them have, the first is ahead of the second, that of the third, that of the first."""
    lab = make_lab(60, "accuracy", 3)
    right = {0: [1] * 20 + [0] * 20, 1: [0] * 20 + [1] * 20, 2: [1] * 20 + [0] * 20}
    rows = {0: range(40), 1: [*range(20), *range(40, 60)], 2: [*range(20, 40), *range(40, 60)]}
    results: dict[Place, Result] = {
        Place(row=row, variation=place, part="labels"): label_scores(0.9 if is_right else 0.1)
        for place in right
        for row, is_right in zip(rows[place], right[place], strict=True)
    }
    [line] = summarise(lab, results).metrics
    assert line.best is not None
    assert line.verdict.startswith(f'"V{line.best}" is better than')
    assert line.difference is not None
    assert line.difference.low > 0


def test_diversity_is_compared_on_the_rows_that_both_have() -> None:
    """Both say the same; the one with more rows repeats itself more often, and is not worse for it."""
    said = ["the red fox", "the old sea", "my own hat", "one small dog"] * 10
    lab = make_lab(40, "diversity", variations=2)
    [line] = summarise(lab, replies(*said) | replies(*said[:4], variation=1)).metrics
    assert [interval.value for interval in line.figures if interval] == pytest.approx([0.1, 1.0])
    assert line.best == 0
    assert "equally well on these 4 rows: 1.00 against 1.00" in line.verdict


def test_one_variation_has_nothing_to_be_compared_with() -> None:
    [line] = summarise(make_lab(2, "accuracy"), answers(0.9, 0.9)).metrics
    assert (line.best, line.verdict) == (0, "")


def test_an_empty_table_has_no_figures() -> None:
    [line] = summarise(make_lab(2, "accuracy", 2), {}).metrics
    assert (line.figures, line.best, line.verdict) == ((None, None), None, "")
    assert interval_text("accuracy", None) == "-"


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [("accuracy", 1.0, "100 %"), ("exact", 0.845, "84.5 %"), ("perplexity", 12.34, "12.3"), ("diversity", 0.5, "0.50")],
)
def test_figures_read_well(metric: Metric, value: float, text: str) -> None:
    assert figure_text(metric, value) == text
