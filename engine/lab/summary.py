"""A table in figures: each variation's scores with their intervals, and whether the best one is really better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from engine.fields import short
from engine.lab.records import Lab, Metric
from engine.lab.scores import Results, comparable_scores, perplexity, row_scores, scores_on
from engine.lab.statistics import (
    FEWEST_ROWS,
    Difference,
    Interval,
    Pair,
    bootstraps,
    paired_bootstrap,
    ratio,
    wilson,
)
from engine.protocol import Frozen

TITLES: dict[Metric, str] = {
    "accuracy": "Label accuracy",
    "exact": "Exact match",
    "perplexity": "Perplexity of the reference",
    "diversity": "Different word pairs",
}
_FEW_ROWS = 30
_LOWER_IS_BETTER: frozenset[Metric] = frozenset({"perplexity"})


class MetricSummary(Frozen, frozen=True):
    """One score of all variations."""

    metric: Metric
    title: str
    figures: tuple[Interval | None, ...]
    """In the order of the variations; None where no row has a figure yet."""
    best: int | None
    """The place of the variation that is best on the rows that others have too; None where there is none."""
    verdict: str
    """A sentence that says whether the best is really better than the second; empty where there is nothing to say."""
    difference: Difference | None = None
    """By how much the best is ahead of the second: in shares, for perplexity in nats by character."""


class Summary(Frozen, frozen=True):
    """All scores of a table."""

    metrics: tuple[MetricSummary, ...]

    @property
    def deciding(self) -> MetricSummary | None:
        """The first score that is there."""
        return next((metric for metric in self.metrics if metric.best is not None), None)

    @property
    def winner(self) -> int | None:
        """The best variation by the first score that is there."""
        return self.deciding.best if self.deciding is not None else None


def summarise(lab: Lab, results: Results) -> Summary:
    """Sum a table up, which may be half full; takes tens of milliseconds for a hundred rows."""
    return Summary(metrics=tuple(_summarise(lab, results, metric) for metric in lab.metrics))


def figure_text(metric: Metric, value: float) -> str:
    """Write a figure as people read it: 84 %, 12.3."""
    if metric in ("accuracy", "exact"):
        return f"{100 * value:.1f} %" if 0 < value < 1 else f"{100 * value:.0f} %"
    if metric == "perplexity":
        return f"{value:.3g}" if value < 1000 else f"{value:,.0f}" if value < 1e6 else f"{value:.1e}"
    return f"{value:.2f}"


def interval_text(metric: Metric, interval: Interval | None) -> str:
    """Write a figure with its interval: 84 % (75.6 % to 89.9 %); a dash where there is none."""
    if interval is None:
        return "-"
    value, low, high = (figure_text(metric, number) for number in (interval.value, interval.low, interval.high))
    return f"{value} ({low} to {high})"


def _summarise(lab: Lab, results: Results, metric: Metric) -> MetricSummary:
    scores = [row_scores(lab, results, place, metric) for place in range(len(lab.variations))]
    contest = _Contest(lab, results, metric)
    best, second = contest.first_two()
    verdict, difference = "", None
    if best is not None and second is not None and (rows := contest.common_rows(best, second)):
        difference = contest.difference(best, second)
        pair = (best, second)
        figures = [ratio(list(scores_on(results, place, metric, scores[place], rows).values())) for place in pair]
        values = [perplexity(figure) if metric == "perplexity" else figure for figure in figures]
        verdict = _verdict(metric, [short(lab.variations[place].name) for place in pair], values, difference)
    return MetricSummary(
        metric=metric,
        title=TITLES[metric],
        figures=_intervals(lab, metric, scores),
        best=best,
        verdict=verdict,
        difference=difference,
    )


def _intervals(lab: Lab, metric: Metric, scores: Sequence[Mapping[int, Pair]]) -> tuple[Interval | None, ...]:
    there = [list(some.values()) for some in scores if some]
    if metric in ("accuracy", "exact"):
        found = [wilson(sum(right for right, _ in pairs), len(pairs)) for pairs in there]
    else:
        found = list(bootstraps(there, seed=lab.seed))
    if metric == "perplexity":
        names = ("value", "low", "high")
        found = [
            msgspec.structs.replace(each, **{name: perplexity(getattr(each, name)) for name in names}) for each in found
        ]
    rest = iter(found)
    return tuple(next(rest) if some else None for some in scores)


class _Contest:
    """Variations against each other, each two on the rows that both have."""

    def __init__(self, lab: Lab, results: Results, metric: Metric) -> None:
        self._lab, self._results, self._metric = lab, results, metric
        places = range(len(lab.variations))
        self._scores = [comparable_scores(lab, results, place, metric) for place in places]

    def first_two(self) -> tuple[int | None, int | None]:
        """The best, and of the others the best; of equals the one with more rows, then the first.

        On the rows that both have, the second is never ahead: the best beat whoever was the best before it, and was
        beaten by nobody after it.
        """
        there = [place for place, scores in enumerate(self._scores) if scores]
        sign = 1 if self._metric in _LOWER_IS_BETTER else -1
        own = {place: sign * ratio(list(self._scores[place].values())) for place in there}
        there.sort(key=lambda place: (-len(self._scores[place]), own[place]))
        best = self._best(there)
        return best, self._best([place for place in there if place != best])

    def common_rows(self, one: int, other: int) -> list[int]:
        return [row for row in self._scores[one] if row in self._scores[other]]

    def difference(self, ahead: int, behind: int) -> Difference:
        """By how much one is ahead, on their common rows, of which there have to be some."""
        first, second = self._pairs(ahead, behind)
        return paired_bootstrap(first, second, seed=self._lab.seed)

    def _best(self, places: Sequence[int]) -> int | None:
        best = next(iter(places), None)
        for place in places[1:]:
            assert best is not None
            if self.common_rows(place, best):
                first, second = self._pairs(place, best)
                best = place if ratio(first) > ratio(second) else best
        return best

    def _pairs(self, ahead: int, behind: int) -> tuple[list[Pair], list[Pair]]:
        """What each common row adds to either, in the same order; turned round where less is better."""
        rows = self.common_rows(ahead, behind)
        first, second = (
            scores_on(self._results, place, self._metric, self._scores[place], rows) for place in (ahead, behind)
        )
        if self._metric in _LOWER_IS_BETTER:
            first, second = second, first
        return [first[row] for row in rows], [second[row] for row in rows]


def _verdict(metric: Metric, names: Sequence[str], values: Sequence[float], difference: Difference) -> str:
    (best, second), (one, other) = names, values
    against = f"{figure_text(metric, one)} against {figure_text(metric, other)}"
    rows = f"{difference.count} {'row' if difference.count == 1 else 'rows'}"
    few = f" {rows} {'is' if difference.count == 1 else 'are'} few: take more before you rely on it."
    few = few if difference.count < _FEW_ROWS else ""
    if difference.value == difference.low == difference.high == 0:
        return f"{best} and {second} do equally well on these {rows}: {against}.{few}"
    if difference.value == 0:
        return f"{best} and {second} can't be told apart on the {rows} that both have: {against}.{few}"
    if difference.is_clear:
        return f"{best} is better than {second} on these {rows}, and most likely beyond them: {against}.{few}"
    if difference.count < FEWEST_ROWS:
        return f"{best} is ahead of {second}, {against}, but that can be chance.{few}"
    return (
        f"{best} is ahead of {second}, {against}, but that can be chance: were both equally good, one of them would be "
        f"as far ahead on these {rows} {100 * difference.luck:.0f} times in 100.{few}"
    )
