"""What the benchmarks say in the end, as a table for people or as one JSON object.

Rivals take turns, so that a machine which slows down for a while does it to all of them; what counts is the ratio of
medians. Beside the figures stand the goals, met or missed, and the rivals that were not there, with the reason.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

Value = float | str | None
Row = Mapping[str, Value]


class Column(msgspec.Struct, frozen=True):
    """One column: which value of a row, under what title, in which form."""

    key: str
    title: str
    form: str = ""
    """As `format` takes it; empty for words."""


class Goal(msgspec.Struct, frozen=True):
    """A figure that was to be reached."""

    what: str
    target: float
    found: float | None
    """None where it could not be measured."""
    at_most: bool = False

    @property
    def verdict(self) -> str:
        """Met, missed, or not measured."""
        if self.found is None:
            return "not measured"
        reached = self.found <= self.target if self.at_most else self.found >= self.target
        return "met" if reached else "missed"


class Report(msgspec.Struct, frozen=True):
    """All that a benchmark found."""

    benchmark: str
    conditions: Mapping[str, Value]
    """What has to be known to repeat it: rounds, threads, the model, the machine's own limits."""
    columns: Sequence[Column]
    rows: Sequence[Row]
    goals: Sequence[Goal] = ()
    skipped: Mapping[str, str] = {}
    """Rivals that were not there, and why."""
    raw: Mapping[str, Any] = {}
    """Every single time, for those who want more than medians."""


def show(report: Report, *, as_json: bool) -> str:
    """Put it into words, or into one JSON object."""
    return _as_json(report) if as_json else _as_text(report)


def alternating(names: Sequence[str], rounds: int) -> Iterator[tuple[int, str]]:
    """Round after round, each name once, every other round in reverse: nobody is always first."""
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            yield number, name


def median(values: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return statistics.median(values) if values else None


def ratio(value: float | None, by: float | None) -> float | None:
    """One by the other; None where either is missing."""
    return None if value is None or not by else value / by


def percentile_95(values: Sequence[float]) -> float:
    """Of at least two values, that which 95 in 100 don't exceed."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def _as_json(report: Report) -> str:
    goals = [{**msgspec.to_builtins(goal), "verdict": goal.verdict} for goal in report.goals]
    whole: dict[str, Any] = {
        "benchmark": report.benchmark,
        "conditions": dict(report.conditions),
        "rows": [dict(row) for row in report.rows],
        "goals": goals,
        "skipped": dict(report.skipped),
        "raw": dict(report.raw),
    }
    return json.dumps(whole)


def _as_text(report: Report) -> str:
    conditions = "; ".join(f"{name} {_plain(value)}" for name, value in report.conditions.items())
    parts = [f"{report.benchmark}: {conditions}", "\n".join(_table(report.columns, report.rows))]
    if report.goals:
        parts.append("\n".join(map(_goal_line, report.goals)))
    if report.skipped:
        parts.append("\n".join(f"left out: {name}: {why}" for name, why in report.skipped.items()))
    return "\n\n".join(parts)


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> list[str]:
    cells = [[column.title for column in columns], *([_cell(row.get(c.key), c.form) for c in columns] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    lines = []
    for line in cells:
        padded = [
            text.rjust(width) if column.form else text.ljust(width)
            for text, width, column in zip(line, widths, columns, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return lines


def _goal_line(goal: Goal) -> str:
    bound = "at most" if goal.at_most else "at least"
    found = "" if goal.found is None else f"{goal.found:.2f}, "
    return f"goal: {goal.what}: {found}to be {bound} {goal.target:g}: {goal.verdict}"


def _cell(value: Value, form: str) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else format(value, form)


def _plain(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}" if value is not None else "-"
