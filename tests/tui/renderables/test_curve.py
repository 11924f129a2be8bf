"""The loss curve in dots."""

from __future__ import annotations

import math
import time

import pytest

from tui.renderables.curve import BALL, BEST, CURSOR, MARK, Chart, Drawing, Point, draw, smoothed

FALLING = tuple(Point(step, 2 + 2 * math.exp(-step / 100)) for step in range(1, 401))
FULL = Chart(
    points=FALLING,
    marks=(Point(0, 4.1), Point(200, 2.4), Point(400, 2.1)),
    best_step=400,
    smoothing=0.9,
    cursor=100,
)
CHARTS = {
    "empty": Chart(),
    "one point": Chart(points=(Point(7, 1.5),), cursor=3),
    "one mark": Chart(marks=(Point(0, 4.0),), best_step=0),
    "constant": Chart(points=tuple(Point(step, 0.0) for step in range(50)), log=True, smoothing=0.5),
    "full": FULL,
    "logarithmic": Chart(points=FALLING, log=True, cursor=10_000),
}


def text(drawing: Drawing) -> str:
    return "\n".join("".join(part for part, _ in row) for row in drawing.rows)


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
@pytest.mark.parametrize("size", [(0, 0), (1, 1), (2, 9), (15, 4), (16, 5), (31, 9), (80, 1), (1, 30), (400, 120)])
def test_a_drawing_is_as_large_as_the_room(chart: Chart, size: tuple[int, int]) -> None:
    width, height = size
    drawing = draw(chart, width, height)
    assert len(drawing.rows) == height
    assert {sum(len(part) for part, _ in row) for row in drawing.rows} <= {width}


def test_evaluations_are_told_from_the_line_by_their_glyph_and_the_best_from_the_others() -> None:
    shown = text(draw(FULL, 60, 16))
    assert shown.count(MARK) == 2
    assert shown.count(BEST) == 1
    assert any(0x2800 < ord(character) < 0x2900 for character in shown)


def test_a_falling_loss_falls_from_left_to_right() -> None:
    rows = text(draw(Chart(points=FALLING), 60, 16)).splitlines()
    columns = [min(at for at, row in enumerate(rows[:-2]) if row[column] not in " │┤") for column in (5, 20, 40, 59)]
    assert columns == sorted(columns)
    assert columns[0] < columns[-1]


def test_the_axes_name_the_first_and_the_last_step_and_round_losses() -> None:
    shown = text(draw(FULL, 80, 16)).splitlines()
    assert shown[-1].split()[0] == "0"
    assert shown[-1].split()[-1] == "400"
    assert [row.split("┤")[0].strip() for row in shown if "┤" in row] == ["4.0", "3.5", "3.0", "2.5"]


def test_the_cursor_stands_on_its_step_and_the_column_tells_that_step() -> None:
    drawing = draw(FULL, 80, 16)
    rows = text(drawing).splitlines()
    column = next(row.index(BALL) for row in rows if BALL in row)
    assert abs(drawing.step_at(column) - 100) <= drawing.steps_per_column
    assert any(row[column] == CURSOR for row in rows)


def test_a_click_beside_the_plot_is_the_nearest_end() -> None:
    drawing = draw(FULL, 80, 16)
    assert (drawing.step_at(-5), drawing.step_at(500)) == (0, 400)


def test_a_spike_does_not_flatten_the_rest() -> None:
    points = tuple(Point(step, 1e6 if step == 200 else point.value) for step, point in enumerate(FALLING))
    heights = {
        at for at, row in enumerate(draw(Chart(points=points), 80, 20).rows) for _, look in row if look == "line"
    }
    assert len(heights) > 12


def test_the_smoothed_course_keeps_a_constant_and_does_not_lag_behind_a_slope() -> None:
    flat = smoothed([Point(step, 3.0, 5) for step in range(0, 500, 5)], 0.9)
    assert [round(point.value, 9) for point in flat] == [3.0] * 100
    slope = smoothed([Point(step, -float(step)) for step in range(200)], 0.9)
    assert all(abs(point.value + point.step) < 0.01 for point in slope[80:120])
    assert smoothed(FALLING, 0.0) == ()


def test_smoothing_takes_the_noise_away() -> None:
    noisy = [Point(step, 2.0 + (-1) ** step) for step in range(200)]
    assert all(abs(point.value - 2.0) < 0.2 for point in smoothed(noisy, 0.9)[10:-10])


def test_evaluations_before_the_last_steps_are_left_out_of_their_view() -> None:
    recent = Chart(points=FALLING[-50:], marks=(Point(0, 90.0), Point(380, 2.1)))
    drawing = draw(recent, 60, 12)
    assert drawing.first_step == 351
    assert text(drawing).count(MARK) == 1


def test_a_large_drawing_of_a_full_history_takes_a_moment_only() -> None:
    points = tuple(Point(step * 7, 2 + math.exp(-step / 300) + 0.3 * math.sin(step * 13.7), 7) for step in range(2048))
    chart = Chart(points=points, marks=tuple(Point(step * 100, 2.5) for step in range(140)), smoothing=0.99)
    taken = []
    for _ in range(5):
        began = time.process_time()
        draw(chart, 200, 50)
        taken.append(time.process_time() - began)
    assert min(taken) < 0.05  # 8 ms on a slow machine; the bound only catches a mistake of its order
