"""The log screen."""

from __future__ import annotations

from collections import deque
from typing import Literal

import pytest

from engine.protocol import LogLine
from tests.tui.dialogs.host import opened
from tui.screens.log import LogScreen
from tui.widgets.log_lines import LogLines

pytestmark = pytest.mark.program


def line(text: str, level: Literal["debug", "info", "warning", "error"] = "info") -> LogLine:
    return LogLine(id=0, level=level, text=text)


async def test_the_newest_line_is_in_view_with_its_level_in_words() -> None:
    lines = [line(f"number {number}") for number in range(300)] + [line("it broke", "error")]
    async with opened(LogScreen(lines)) as it:
        await it.until_shown("error   it broke")
        assert "301 lines" in it.text()
        assert "number 3 " not in it.text()


async def test_lines_that_come_later_are_followed() -> None:
    lines = [line(f"number {number}") for number in range(100)]
    async with opened(LogScreen(lines)) as it:
        await it.until_shown("number 99")
        lines.append(line("the newest"))
        await it.until_shown("the newest")


async def test_who_has_scrolled_up_stays_there_until_the_end_key() -> None:
    lines = [line(f"number {number}") for number in range(100)]
    async with opened(LogScreen(lines)) as it:
        view = it.dialog.query_one(LogLines)
        await it.until_shown("number 99")
        await it.press("pageup", "pageup")
        await it.until(lambda: "number 99" not in it.text(), "the lines before")
        lines += [line("the newest") for _ in range(5)]
        await it.until_shown("105 lines")
        assert "the newest" not in it.text()
        await it.press("end")
        await it.until_shown("the newest")
        lines.append(line("the very newest"))
        await it.until_shown("the very newest")
        assert view.scroll_y == view.max_scroll_y


async def test_lines_dropped_at_the_front_bring_nothing_twice() -> None:
    lines = deque((line(f"number {number}") for number in range(10)), maxlen=10)
    async with opened(LogScreen(lines)) as it:
        await it.until_shown("number 9")
        lines.append(line("a new one"))
        await it.until_shown("a new one")
        assert it.text().count("a new one") == 1
        assert it.text().count("number 9") == 1


async def test_an_empty_log_says_so_and_fills() -> None:
    lines: list[LogLine] = []
    async with opened(LogScreen(lines)) as it:
        await it.until_shown("has written nothing yet")
        lines.append(line("at last", "warning"))
        await it.until_shown("warning at last")
        assert "nothing yet" not in it.text()
        assert "1 line" in it.text()


async def test_all_of_it_can_be_copied_and_cleared() -> None:
    lines = [line("one"), line("two", "error")]
    async with opened(LogScreen(lines)) as it:
        await it.until_shown("two")
        await it.press("c")
        assert it.app.copied == ["info: one\nerror: two"]
        await it.press("x")
        await it.until_shown("has written nothing yet")
        assert lines == []
        lines.append(line("three"))
        await it.until_shown("three")


async def test_what_was_logged_can_not_drive_the_terminal() -> None:
    async with opened(LogScreen([line("a\x1b[2J\x9b31m\rb\n")])) as it:
        await it.until_shown("a␛[2J⟨U+009B⟩31m␍b")
        assert not any(ord(c) < 0x20 and c != "\n" for c in it.text())


async def test_thousands_of_lines_are_bounded() -> None:
    lines = [line(f"number {number}") for number in range(5_000)]
    async with opened(LogScreen(lines)) as it:
        await it.until_shown("number 4999")
        await it.until(lambda: len(it.dialog.query("LogLines Static")) == 30, "the oldest blocks gone")
        await it.press("f12")
        await it.closed()
