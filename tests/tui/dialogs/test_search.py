"""Finding what was said."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.conversations import Hit
from engine.errors import StoreFailed
from tests.tui.dialogs.host import SIZES, opened
from tui.screens.search import SearchScreen

pytestmark = pytest.mark.program

NOW_S = 1_700_000_000.0
HITS = (
    Hit(
        conversation_id=1,
        turn_id=None,
        title="All about the sea",
        snippet="All about the sea",
        role=None,
        created_s=NOW_S - 90_000,
    ),
    Hit(
        conversation_id=2,
        turn_id=7,
        title="Rivers",
        snippet="…they run to the Sea, and…",
        role="assistant",
        created_s=NOW_S - 300,
    ),
    Hit(conversation_id=3, turn_id=9, title="", snippet="the sea?", role="user", created_s=NOW_S),
)


def find(query: str) -> Sequence[Hit]:
    return [hit for hit in HITS if query.casefold() in hit.snippet.casefold()]


def clock() -> float:
    return NOW_S


async def test_at_first_it_says_what_can_be_typed() -> None:
    async with opened(SearchScreen(find, clock=clock)) as it:
        await it.until_shown("Type a word or the beginning of one")
        await it.press("enter")
        assert it.is_open


async def test_hits_come_while_typing_with_speaker_and_time() -> None:
    async with opened(SearchScreen(find, clock=clock)) as it:
        await it.type("sea")
        await it.until_shown("reply · 5 min ago")
        shown = it.text()
        assert "title · yesterday" in shown
        assert "you · just now" in shown
        assert "Untitled" in shown
        assert "3 found" in shown


async def test_the_match_stands_out_by_more_than_a_colour() -> None:
    async with opened(SearchScreen(find, clock=clock)) as it:
        await it.type("run sea")
        await it.press("ctrl+u")
        await it.type("sea")
        await it.until_shown("they run to the Sea")
        strips = it.app.screen._compositor.render_strips()
        segments = [segment for strip in strips for segment in strip if segment.text == "Sea"]
        assert segments
        assert all(segment.style is not None and segment.style.underline for segment in segments)


async def test_enter_opens_the_turn() -> None:
    async with opened(SearchScreen(find, clock=clock)) as it:
        await it.type("sea")
        await it.until_shown("3 found")
        await it.press("down", "enter")
        assert await it.result() == (2, 7)


async def test_a_title_alone_opens_the_conversation() -> None:
    async with opened(SearchScreen(find, clock=clock)) as it:
        await it.type("about")
        await it.until_shown("1 found")
        await it.press("enter")
        assert await it.result() == (1, None)


async def test_enter_right_after_typing_opens_nothing_that_was_not_asked_for() -> None:
    async with opened(SearchScreen(find, clock=clock)) as it:
        await it.type("sea")
        await it.until_shown("3 found")
        await it.pilot.press(*" nowhere", "enter")
        await it.until_shown("Nothing was said about “sea nowhere”.")
        assert it.is_open


async def test_a_search_that_fails_is_told_in_words() -> None:
    def fail(query: str) -> Sequence[Hit]:
        raise StoreFailed("The conversations can't be read", "Try again")

    async with opened(SearchScreen(fail, clock=clock)) as it:
        await it.type("sea")
        await it.until_shown("The conversations can't be read. Try again")


async def test_emptying_the_line_starts_over() -> None:
    async with opened(SearchScreen(find, clock=clock)) as it:
        await it.type("sea")
        await it.until_shown("3 found")
        await it.press("ctrl+u")
        await it.until_shown("Type a word or the beginning of one")
        assert "3 found" not in it.text()


async def test_what_was_said_can_not_drive_the_terminal() -> None:
    evil = Hit(conversation_id=1, turn_id=1, title="\x1b[2J", snippet="a\x9b\nb", role="user", created_s=NOW_S)
    async with opened(SearchScreen(lambda _: [evil], clock=clock)) as it:
        await it.type("a")
        await it.until_shown("a⟨U+009B⟩␊b")
        assert "␛[2J" in it.text()


async def test_every_size_is_drawn() -> None:
    async with opened(SearchScreen(find, clock=clock), size=(10, 4)) as it:
        await it.type("sea")
        await it.press("down")
        for size in SIZES:
            await it.resize(*size)
            await it.until_shown("they run to the Sea")
        await it.press("escape")
        assert await it.result() is None
