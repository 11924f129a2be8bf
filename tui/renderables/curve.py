"""A loss curve in dots: what was measured, its smoothed course, evaluations as marks, axes, a cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Literal

import msgspec

from tui.renderables.braille import ACROSS, DOWN, Braille, glyph
from tui.renderables.scale import Scale, scale_for, tick_words

Look = Literal["", "axis", "raw", "line", "mark", "best", "cursor"]
Run = tuple[str, Look]
"""Some characters of one row that look the same."""

MARK, BEST, CURSOR, BALL = "◆", "★", "│", "●"
_MIN_AXIS_WIDTH, _MIN_AXIS_HEIGHT = 16, 5
_MIN_CELLS_PER_LABEL = 12


class Point(msgspec.Struct, frozen=True):
    """A value at a step, or the mean of the `steps` that end there."""

    step: int
    value: float
    steps: int = 1


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """What to draw."""

    points: tuple[Point, ...] = ()
    marks: tuple[Point, ...] = ()
    """Evaluations."""
    best_step: int | None = None
    """Which of the marks is the best."""
    log: bool = False
    smoothing: float = 0.0
    """From 0, which leaves the course out, to below 1."""
    cursor: int | None = None
    """A step to point at."""


class Drawing(msgspec.Struct, frozen=True):
    """The rows of a chart, and where its steps lie."""

    rows: tuple[tuple[Run, ...], ...]
    left: int
    """The first column of the plot, in cells."""
    width: int
    """The plot's."""
    first_step: int
    last_step: int

    def step_at(self, column: int) -> int:
        """The step that a column of the whole drawing stands for."""
        share = (column - self.left + 0.5) / max(1, self.width)
        span = self.last_step - self.first_step
        return self.first_step + round(min(1.0, max(0.0, share)) * span)

    @property
    def steps_per_column(self) -> float:
        """How far the cursor goes by a cell."""
        return (self.last_step - self.first_step) / max(1, self.width)


def smoothed(points: Sequence[Point], smoothing: float) -> tuple[Point, ...]:
    """The mean over what is near, by steps: each step further away counts `smoothing` times as much.

    It looks both ways, so that it does not lag behind a loss that falls; at the newest step it is the exponential
    moving mean, free of the bias towards its beginning (as in Adam, Kingma & Ba 2015).
    """
    if not 0 < smoothing < 1:
        return ()
    before = _swept(points, smoothing)
    after = _swept(points[::-1], smoothing)[::-1]
    course = []
    for point, (sum_before, weight_before), (sum_after, weight_after) in zip(points, before, after, strict=True):
        own = 1 - smoothing**point.steps
        mean = (sum_before + sum_after - own * point.value) / (weight_before + weight_after - own)
        course.append(Point(point.step, mean, point.steps))
    return tuple(course)


def _swept(points: Sequence[Point], smoothing: float) -> list[tuple[float, float]]:
    """The weighted sum and the weight of all points up to each."""
    total = weight = 0.0
    found = []
    for point in points:
        keep = smoothing**point.steps
        total = keep * total + (1 - keep) * point.value
        weight = keep * weight + (1 - keep)
        found.append((total, weight))
    return found


def draw(chart: Chart, width: int, height: int) -> Drawing:
    """Draw a chart; every row is exactly `width` cells wide, and there are `height` of them."""
    course = smoothed(chart.points, chart.smoothing)
    marks = _within(chart)
    values = [point.value for point in chart.points]
    scale = scale_for(values, log=chart.log, marks=[mark.value for mark in marks])
    has_axes = width >= _MIN_AXIS_WIDTH and height >= _MIN_AXIS_HEIGHT
    labels = _side(scale, height - 2) if has_axes else {}
    left = max((len(text) for text in labels.values()), default=0) + 1 if has_axes else 0
    plot = _Plot(chart, marks, scale, width - left, height - 2 if has_axes else height)
    plot.draw(chart.points, course)
    rows = [plot.row(row) for row in range(plot.height)]
    if has_axes:
        rows = [_labelled(row, labels.get(number, ""), left) for number, row in enumerate(rows)]
        rows += _floor(plot, left)
    return Drawing(tuple(rows), left, plot.width, plot.first, plot.last)


def _within(chart: Chart) -> tuple[Point, ...]:
    if not chart.points:
        return chart.marks
    first = chart.points[0].step - chart.points[0].steps
    return tuple(mark for mark in chart.marks if mark.step >= first)


class _Plot:
    """The field between the axes."""

    def __init__(self, chart: Chart, marks: Sequence[Point], scale: Scale, width: int, height: int) -> None:
        self.width, self.height = max(0, width), max(0, height)
        self._chart, self._marks, self._scale = chart, marks, scale
        steps = [*(mark.step for mark in marks), *(point.step for point in chart.points[:1] + chart.points[-1:])]
        self.first, self.last = (min(steps), max(steps)) if steps else (0, 0)
        self._raw = Braille(self.width, self.height)
        self._line = Braille(self.width, self.height)
        self._over: dict[tuple[int, int], Run] = {}

    def draw(self, points: Sequence[Point], course: Sequence[Point]) -> None:
        if not self.width or not self.height:
            return
        self._trace(self._raw if course else self._line, points)
        self._trace(self._line, course)
        self._put_cursor(course or points)
        for mark in self._marks:
            is_best = mark.step == self._chart.best_step
            place = self._cell(mark)
            if is_best or self._over.get(place, ("", ""))[1] != "best":
                self._over[place] = (BEST, "best") if is_best else (MARK, "mark")

    def row(self, row: int) -> tuple[Run, ...]:
        """One row as runs of equal looks."""
        raw, line = self._raw.row(row), self._line.row(row)
        over = {column: run for (column, at), run in self._over.items() if at == row}
        if not over and not any(raw) and not any(line):
            return ((" " * self.width, ""),) if self.width else ()
        return tuple(_joined(map(_character, raw, line, map(over.get, range(self.width)))))

    def column(self, step: int) -> int:
        """In which cell of a row a step lies."""
        return min(self.width - 1, self._x(step) // ACROSS)

    def _put_cursor(self, points: Sequence[Point]) -> None:
        cursor = self._chart.cursor
        if cursor is None:
            return
        column = self.column(cursor)
        for row in range(self.height):
            self._over[column, row] = (CURSOR, "cursor")
        if points:
            nearest = min(points, key=lambda point: abs(point.step - cursor))
            self._over[column, self._y(nearest.value) // DOWN] = (BALL, "cursor")

    def _cell(self, point: Point) -> tuple[int, int]:
        return self.column(point.step), self._y(point.value) // DOWN

    def _trace(self, sheet: Braille, points: Sequence[Point]) -> None:
        """Draw a line; of the points that share a column of dots, the lowest and the highest count."""
        before: tuple[int, int] | None = None
        for x, low, high, first, last in self._columns(points):
            if before is not None:
                _join(sheet, before, (x, first))
            sheet.rise(x, low, high)
            before = (x, last)

    def _columns(self, points: Sequence[Point]) -> Iterable[tuple[int, int, int, int, int]]:
        at = low = high = first = last = -1
        for point in points:
            x, y = self._x(point.step), self._y(point.value)
            if x != at:
                if at >= 0:
                    yield at, low, high, first, last
                at, low, high, first = x, y, y, y
            low, high, last = min(low, y), max(high, y), y
        if at >= 0:
            yield at, low, high, first, last

    def _x(self, step: int) -> int:
        span = self.last - self.first
        share = (step - self.first) / span if span else 0.5
        return round(min(1.0, max(0.0, share)) * (self.width * ACROSS - 1))

    def _y(self, value: float) -> int:
        return round((1 - self._scale.share(value)) * (self.height * DOWN - 1))


def _character(raw: int, line: int, over: Run | None) -> Run:
    """What a cell shows: a mark, the cursor where no line crosses it, the line, or the dots behind it."""
    if over is not None and (over[0] != CURSOR or not line):
        return over
    if line:
        return glyph(line), "line"
    return (glyph(raw), "raw") if raw else (" ", "")


def _join(sheet: Braille, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Fill the columns of dots between two points, so that the line has no gap."""
    (x0, y0), (x1, y1) = start, end
    before = y0
    for x in range(x0 + 1, x1 + 1):
        y = round(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
        middle = (before + y) // 2
        sheet.rise(x - 1, before, middle)
        sheet.rise(x, middle if abs(y - before) > 1 else y, y)
        before = y


def _joined(characters: Iterable[Run]) -> list[Run]:
    runs: list[Run] = []
    for look, group in groupby(characters, key=itemgetter(1)):
        runs.append(("".join(text for text, _ in group), look))
    return runs


def _side(scale: Scale, height: int) -> dict[int, str]:
    """The labels of the side, by row."""
    ticks = scale.ticks(max(2, height * 2 // 5))
    step = min((b - a for a, b in pairwise(ticks)), default=scale.high - scale.low)
    rows: dict[int, str] = {}
    for tick in ticks:
        row = round((1 - scale.share(tick)) * (height * DOWN - 1)) // DOWN
        rows.setdefault(row, tick_words(tick, step))
    return rows


def _labelled(row: tuple[Run, ...], label: str, left: int) -> tuple[Run, ...]:
    return ((f"{label:>{left - 1}}{'┤' if label else '│'}", "axis"), *row)


def _floor(plot: _Plot, left: int) -> list[tuple[Run, ...]]:
    """The lower axis and its steps."""
    line, words = ["─"] * plot.width, [" "] * (left + plot.width)
    count = max(1, plot.width // _MIN_CELLS_PER_LABEL)
    ticks = {plot.first, plot.last} if plot.last > plot.first else {plot.first}
    if plot.last - plot.first > count:
        ticks |= {round(tick) for tick in Scale(plot.first, plot.last).ticks(count)}
    free = 0
    last_text = f"{plot.last:,}"
    for tick in sorted(ticks):
        text, column = f"{tick:,}", plot.column(tick)
        start = min(max(0, left + column - len(text) // 2), left + plot.width - len(text))
        end_of_room = left + plot.width - (0 if tick == plot.last else len(last_text) + 1)
        if start < free or start < 0 or start + len(text) > end_of_room:
            continue
        words[start : start + len(text)] = text
        line[column] = "┬"
        free = start + len(text) + 1
    return [((" " * (left - 1) + "└" + "".join(line), "axis"),), (("".join(words), "axis"),)]
