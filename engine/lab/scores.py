"""From cells to figures: what each row adds to a variation's score.

accuracy     the share of rows whose likeliest label is the right one
exact        the share of replies that say the reference, but for case, blanks and punctuation around it
perplexity   of the references under the prompts, by token: exp of the mean of -log p
diversity    different pairs of neighbouring words over all pairs in the replies of a variation (distinct-2, Li et
al., 2016): 1 where no pair is ever repeated. It says nothing about quality
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from itertools import pairwise

from engine.lab.records import Lab, LabelScores, Metric, Place, ReferenceScore, Reply, Result
from engine.lab.statistics import Pair

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_MAX_NATS = 300.0
"""By token; more would not fit into a number."""
Results = Mapping[Place, Result]


def row_scores(lab: Lab, results: Results, variation: int, metric: Metric) -> dict[int, Pair]:
    """What each row that has a figure adds to the numerator and the denominator of a variation's score."""
    match metric:
        case "accuracy":
            return _accuracy(lab, results, variation)
        case "exact":
            return _exact(lab, results, variation)
        case "perplexity":
            return _nats(lab, results, variation, by_character=False)
        case "diversity":
            return _diversity(_replies(lab, results, variation))


def comparable_scores(lab: Lab, results: Results, variation: int, metric: Metric) -> dict[int, Pair]:
    """The same in a form that can be compared between models: nats by character, as their tokens differ in size."""
    if metric == "perplexity":
        return _nats(lab, results, variation, by_character=True)
    return row_scores(lab, results, variation, metric)


def scores_on(
    results: Results, variation: int, metric: Metric, scores: Mapping[int, Pair], rows: Collection[int]
) -> dict[int, Pair]:
    """What of a variation's scores is left on some of its rows.

    Word pairs are counted anew: the more replies there are, the more of them repeat another.
    """
    if metric != "diversity" or len(rows) == len(scores):
        return {row: scores[row] for row in rows}
    replies = ((row, results[Place(row=row, variation=variation, part="reply")]) for row in rows)
    return _diversity({row: reply for row, reply in replies if isinstance(reply, Reply)})


def perplexity(nats: float) -> float:
    """The perplexity of so many nats by token, bounded so that it fits into a number."""
    return math.exp(min(_MAX_NATS, nats))


def reference_perplexity(score: ReferenceScore) -> float:
    """The perplexity of one reference, by token."""
    return perplexity(-score.likelihood.logprob / max(1, score.likelihood.tokens))


def plain(text: str) -> str:
    """A text as it counts for an exact match: NFKC, case folded, blanks as one, without punctuation at its ends."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    start, end = 0, len(folded)
    while start < end and _is_edge(folded[start]):
        start += 1
    while end > start and _is_edge(folded[end - 1]):
        end -= 1
    return folded[start:end] or folded


def is_right(lab: Lab, row: int, scores: LabelScores) -> bool | None:
    """Whether the likeliest label is the row's; None where the row has none of the lab's labels."""
    value = lab.rows[row].label
    if all(label.value != value for label in lab.labels):
        return None
    return lab.labels[scores.best].value == value


def is_exact(lab: Lab, row: int, reply: Reply) -> bool | None:
    """Whether a reply says the reference; None where there is none."""
    reference = lab.reference(lab.rows[row])
    return plain(reply.text) == plain(reference) if reference else None


def _accuracy(lab: Lab, results: Results, variation: int) -> dict[int, Pair]:
    found = {}
    for row in range(len(lab.rows)):
        scores = results.get(Place(row=row, variation=variation, part="labels"))
        if isinstance(scores, LabelScores) and (right := is_right(lab, row, scores)) is not None:
            found[row] = (float(right), 1.0)
    return found


def _exact(lab: Lab, results: Results, variation: int) -> dict[int, Pair]:
    found = {}
    for row, reply in _replies(lab, results, variation).items():
        if (right := is_exact(lab, row, reply)) is not None:
            found[row] = (float(right), 1.0)
    return found


def _nats(lab: Lab, results: Results, variation: int, *, by_character: bool) -> dict[int, Pair]:
    found = {}
    for row in range(len(lab.rows)):
        score = results.get(Place(row=row, variation=variation, part="reference"))
        if isinstance(score, ReferenceScore):
            likelihood = score.likelihood
            found[row] = (
                -likelihood.logprob,
                float(likelihood.characters if by_character else likelihood.tokens),
            )
    return found


def _diversity(replies: Mapping[int, Reply]) -> dict[int, Pair]:
    """Each pair of words is worth 1 altogether, shared out among its occurrences; so the ratio is distinct-2."""
    pairs = {row: _word_pairs(reply.text) for row, reply in replies.items()}
    counts = Counter(pair for some in pairs.values() for pair in some)
    return {row: (sum(1 / counts[pair] for pair in some), float(len(some))) for row, some in pairs.items() if some}


def _word_pairs(text: str) -> list[tuple[str, str]]:
    words = _WORD.findall(text.casefold())
    return list(pairwise(words))


def _replies(lab: Lab, results: Results, variation: int) -> dict[int, Reply]:
    found = {}
    for row in range(len(lab.rows)):
        reply = results.get(Place(row=row, variation=variation, part="reply"))
        if isinstance(reply, Reply):
            found[row] = reply
    return found


def _is_edge(character: str) -> bool:
    return character.isspace() or unicodedata.category(character)[0] in "PS"
