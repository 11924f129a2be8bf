from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.models.eta import Pace, Speedometer


def test_a_steady_download_has_its_speed_and_what_is_left() -> None:
    speedometer = Speedometer()
    pace = Pace()
    for second in range(6):
        pace = speedometer.read(float(second), second * 100, 2000)
    assert pace == Pace(100.0, 15.0)


def test_bytes_that_were_there_before_are_no_speed() -> None:
    speedometer = Speedometer()
    speedometer.read(0.0, 1_000_000, 2_000_000)
    assert speedometer.read(10.0, 1_000_100, 2_000_000).bytes_per_s == 10.0


def test_nothing_is_said_too_early() -> None:
    speedometer = Speedometer()
    assert speedometer.read(0.0, 0, 100) == Pace()
    assert speedometer.read(0.2, 50, 100) == Pace()


def test_a_stalled_download_has_no_end() -> None:
    speedometer = Speedometer(window_s=10)
    for second in range(40):
        pace = speedometer.read(float(second), 500, 1000)
    assert pace == Pace(0.0, None)


def test_the_speed_follows_a_change_within_the_window() -> None:
    speedometer = Speedometer(window_s=10)
    done = 0
    for second in range(60):
        done += 1000 if second < 30 else 10
        pace = speedometer.read(float(second), done, 1_000_000)
    assert pace.bytes_per_s == 10


def test_an_unknown_size_still_has_a_speed() -> None:
    speedometer = Speedometer()
    speedometer.read(0.0, 0, 0)
    assert speedometer.read(2.0, 100, 0) == Pace(50.0, None)


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 10**12)), max_size=50), st.integers(0, 10**12))
def test_no_readings_make_a_negative_or_endless_time(steps: list[tuple[float, int]], total: int) -> None:
    speedometer, now = Speedometer(), 0.0
    for step, done in steps:
        now += step
        pace = speedometer.read(now, done, total)
        assert 0 <= pace.bytes_per_s < float("inf")
        assert pace.eta_s is None or 0 <= pace.eta_s < float("inf")
