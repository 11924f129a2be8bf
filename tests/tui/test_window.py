"""Which turns are mounted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.state.window import MOST_TURNS, STEP_TURNS, WINDOW_TURNS, Window, around, earlier, later, newest, refitted

TOTALS = st.integers(0, 300)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, int]:
    total = draw(st.integers(1, 300))
    start = draw(st.integers(0, total - 1))
    return Window(start, draw(st.integers(start + 1, min(total, start + MOST_TURNS)))), total


@pytest.mark.parametrize(
    ("total", "window"), [(0, Window(0, 0)), (3, Window(0, 3)), (40, Window(0, 40)), (10_000, Window(9_960, 10_000))]
)
def test_a_conversation_opens_at_its_end(total: int, window: Window) -> None:
    assert newest(total) == window


@pytest.mark.parametrize(
    ("index", "total", "window"),
    [
        (0, 10_000, Window(0, 40)),
        (10, 10_000, Window(0, 40)),
        (500, 10_000, Window(480, 520)),
        (9_999, 10_000, Window(9_960, 10_000)),
        (2, 5, Window(0, 5)),
    ],
)
def test_a_turn_far_away_comes_in_the_middle(index: int, total: int, window: Window) -> None:
    assert around(index, total) == window


@given(windows())
def test_older_turns_come_in_and_the_newest_go(case: tuple[Window, int]) -> None:
    window, _ = case
    wider = earlier(window, Window(window.start, window.start + 1))
    assert wider.start == max(0, window.start - STEP_TURNS)
    assert len(wider) <= MOST_TURNS
    assert window.start in wider


@given(windows())
def test_newer_turns_come_in_and_the_oldest_go(case: tuple[Window, int]) -> None:
    window, total = case
    wider = later(window, total, Window(window.stop - 1, window.stop))
    assert wider.stop == min(total, window.stop + STEP_TURNS)
    assert len(wider) <= MOST_TURNS
    assert window.stop - 1 in wider


@given(windows())
def test_what_is_seen_stays(case: tuple[Window, int]) -> None:
    window, total = case
    for wider in (earlier(window, window), later(window, total, window)):
        assert wider.start <= window.start
        assert wider.stop >= window.stop


@given(windows(), TOTALS, st.booleans())
def test_a_window_stays_inside_its_conversation(case: tuple[Window, int], total: int, following: bool) -> None:
    window, before = case
    fitted = refitted(window, before, total, following=following)
    assert 0 <= fitted.start <= fitted.stop <= total
    assert len(fitted) <= MOST_TURNS + STEP_TURNS
    assert len(fitted) > 0 or total == 0
    if following and window.stop == before and total >= before:
        assert fitted.stop == total


def test_following_mounts_few_turns_for_ever() -> None:
    window = newest(1)
    for total in range(2, 1_000):
        window = refitted(window, total - 1, total, following=True)
        assert window.stop == total
        assert min(total, WINDOW_TURNS) <= len(window) <= MOST_TURNS


def test_a_reader_further_up_is_left_alone() -> None:
    window = Window(100, 140)
    assert refitted(window, 140, 141, following=False) == Window(100, 141)
    assert refitted(window, 200, 201, following=False) == window
    assert refitted(Window(100, 160), 160, 161, following=False) == Window(100, 160)
