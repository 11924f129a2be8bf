"""Which part of a run's past is drawn, and how."""

from __future__ import annotations

import math

import msgspec

from tui.renderables.curve import Chart, Point
from tui.state.run import RunView

SMOOTHINGS = (0.0, 0.01, 0.03, 0.1)
"""The span of the moving mean, as a share of the steps that are drawn."""
_LEAST_SPAN = 2.0
"""A mean of fewer steps smooths nothing."""
_MIN_SMOOTHED = 8
"""So few points are a line of their own."""


class Lens(msgspec.Struct, frozen=True, kw_only=True):
    """How a person looks at a curve."""

    whole: bool = True
    """The whole history in bounded points; else the last steps one by one."""
    log: bool = False
    smoothing: float = 0.03
    """One of `SMOOTHINGS`."""
    cursor: int | None = None
    """A step; None follows the end."""

    def with_(self, **changes: object) -> Lens:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def words(self, view: RunView) -> str:
        """The same in words."""
        what = "whole run" if self.whole else "last steps"
        scale = "logarithmic" if self.log else "linear"
        span = _span(view, self)
        smooth = f"smoothed over {span:,.0f} steps" if span > 1 else "not smoothed"
        return f"{what} · {scale} · {smooth}"


def next_smoothing(smoothing: float) -> float:
    """The next one in the round."""
    return next((one for one in SMOOTHINGS if one > smoothing + 1e-9), SMOOTHINGS[0])


def chart_of(view: RunView, lens: Lens) -> Chart:
    """What to draw of a run."""
    if lens.whole:
        points = tuple(Point(point.step, point.loss, point.steps) for point in view.curve)
    else:
        points = tuple(Point(step.step, step.loss) for step in view.recent)
    best = view.best
    return Chart(
        points=points,
        marks=tuple(Point(one.step, one.loss) for one in view.evaluations),
        best_step=best.step if best else None,
        log=lens.log,
        smoothing=math.exp(-1 / span) if (span := _span(view, lens)) > 1 else 0.0,
        cursor=lens.cursor,
    )


def _span(view: RunView, lens: Lens) -> float:
    """Over how many steps the curve is smoothed; 0 for not at all."""
    drawn = view.curve if lens.whole else view.recent
    if len(drawn) < _MIN_SMOOTHED:
        return 0.0
    span = lens.smoothing * (drawn[-1].step - drawn[0].step)
    return span if span >= _LEAST_SPAN else 0.0


def moved(view: RunView, lens: Lens, columns: int, steps_per_column: float) -> Lens:
    """Move the cursor; the first move begins at the end."""
    first, last = extent(view, lens)
    at = last if lens.cursor is None else lens.cursor
    target = at + round(columns * max(1.0, steps_per_column))
    return lens.with_(cursor=min(last, max(first, target)))


def jumped(view: RunView, lens: Lens, direction: int) -> Lens:
    """Move the cursor to the evaluation before or after."""
    first, last = extent(view, lens)
    at = last + 1 if lens.cursor is None else lens.cursor
    steps = [one.step for one in view.evaluations if first <= one.step <= last]
    found = [step for step in steps if (step - at) * direction > 0]
    if not found:
        return lens
    return lens.with_(cursor=min(found) if direction > 0 else max(found))


def extent(view: RunView, lens: Lens) -> tuple[int, int]:
    """The first and the last step that are drawn."""
    chart = chart_of(view, lens.with_(cursor=None))
    steps = [point.step for point in (*chart.points[:1], *chart.points[-1:])]
    if lens.whole or not steps:
        steps += [mark.step for mark in chart.marks]
    return (min(steps), max(steps)) if steps else (0, 0)
