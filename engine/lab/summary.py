"""A table in figures: each variation's scores with their intervals, and whether the best one is really better."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from engine.fields import short
from engine.lab.records import Lab, Metric
from engine.lab.scores import Results, comparable_scores, row_scores
from engine.lab.statistics import Difference, Interval, Pair, bootstrap, paired_bootstrap, ratio, wilson
from engine.protocol import Frozen

TITLES: dict[Metric, str] = {
    "accuracy": "Label accuracy",
    "exact": "Exact match",
    "perplexity": "Perplexity of the reference",
    "diversity": "Different word pairs",
}
_FEW_ROWS = 30
_LOWER_IS_BETTER: frozenset[Metric] = frozenset({"perplexity"})
_MAX_LOG = 300.0


class MetricSummary(Frozen, frozen=True):
    """One score of all variations."""

    metric: Metric
    title: str
    figures: tuple[Interval | None, ...]
    """In the order of the variations; None where no row has a figure yet."""
    best: int | None
    """The place of the best variation; None where there is none."""
    verdict: str
    """A sentence that says whether the best is really better than the second; empty where there is nothing to say."""
    difference: Difference | None = None
    """By how much the best is ahead of the second: in shares, for perplexity in nats by character."""


class Summary(Frozen, frozen=True):
    """All scores of a table."""

    metrics: tuple[MetricSummary, ...]

    @property
    def winner(self) -> int | None:
        """The best variation by the first score that is there."""
        return next((metric.best for metric in self.metrics if metric.best is not None), None)


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
    places = range(len(lab.variations))
    figures = tuple(_interval(lab, metric, row_scores(lab, results, place, metric)) for place in places)
    comparable = [comparable_scores(lab, results, place, metric) for place in places]
    order = _order(metric, comparable)
    rows = _common_rows(comparable, order)
    difference = _difference(lab, metric, comparable, order, rows)
    verdict = ""
    if difference is not None:
        values = [_value(metric, row_scores(lab, results, place, metric), rows) for place in order[:2]]
        names = [short(lab.variations[place].name) for place in order[:2]]
        verdict = _verdict(metric, names, values, difference)
    return MetricSummary(
        metric=metric,
        title=TITLES[metric],
        figures=figures,
        best=order[0] if order else None,
        verdict=verdict,
        difference=difference,
    )


def _interval(lab: Lab, metric: Metric, scores: dict[int, Pair]) -> Interval | None:
    pairs = list(scores.values())
    if not pairs:
        return None
    if metric in ("accuracy", "exact"):
        return wilson(sum(right for right, _ in pairs), len(pairs))
    interval = bootstrap(pairs, seed=lab.seed)
    if metric != "perplexity":
        return interval
    raised = {name: math.exp(min(_MAX_LOG, getattr(interval, name))) for name in ("value", "low", "high")}
    return msgspec.structs.replace(interval, **raised)


def _order(metric: Metric, comparable: Sequence[dict[int, Pair]]) -> list[int]:
    """The variations that have figures, the best first; of equals the first."""
    sign = 1 if metric in _LOWER_IS_BETTER else -1
    there = [place for place, scores in enumerate(comparable) if scores]
    return sorted(there, key=lambda place: sign * ratio(list(comparable[place].values())))


def _common_rows(comparable: Sequence[dict[int, Pair]], order: Sequence[int]) -> list[int]:
    """The rows that both the best and the second have."""
    if len(order) < 2:
        return []
    best, second = comparable[order[0]], comparable[order[1]]
    return [row for row in best if row in second]


def _difference(
    lab: Lab, metric: Metric, comparable: Sequence[dict[int, Pair]], order: Sequence[int], rows: Sequence[int]
) -> Difference | None:
    if not rows:
        return None
    best, second = comparable[order[0]], comparable[order[1]]
    if metric in _LOWER_IS_BETTER:
        best, second = second, best
    return paired_bootstrap([best[row] for row in rows], [second[row] for row in rows], seed=lab.seed)


def _value(metric: Metric, scores: dict[int, Pair], rows: Sequence[int]) -> float:
    """The figure on these rows alone."""
    value = ratio([scores[row] for row in rows])
    return math.exp(min(_MAX_LOG, value)) if metric == "perplexity" else value


def _verdict(metric: Metric, names: Sequence[str], values: Sequence[float], difference: Difference) -> str:
    (best, second), (one, other) = names, values
    against = f"{figure_text(metric, one)} against {figure_text(metric, other)}"
    rows = f"{difference.count} {'row' if difference.count == 1 else 'rows'}"
    few = f" {rows} {'is' if difference.count == 1 else 'are'} few: take more before you rely on it."
    few = few if difference.count < _FEW_ROWS else ""
    if difference.value == difference.low == difference.high == 0:
        return f"{best} and {second} do equally well on these {rows}: {against}.{few}"
    if difference.value <= 0:
        return f"{best} and {second} can't be told apart on the {rows} that both have: {against}.{few}"
    if difference.is_clear and difference.count > 1:
        return f"{best} is better than {second} on these {rows}, and most likely beyond them: {against}.{few}"
    return (
        f"{best} is ahead of {second}, {against}, but that can be chance: drawn anew from these {rows}, "
        f"it is not ahead in {100 * difference.chance:.0f} of 100 cases.{few}"
    )
