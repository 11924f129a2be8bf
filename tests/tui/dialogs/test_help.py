"""The help screen."""

from __future__ import annotations

import pytest

from tests.tui.dialogs.host import opened
from tui.commands import ACTIONS
from tui.screens.help import HelpScreen

pytestmark = pytest.mark.program


@pytest.mark.parametrize("width", [80, 200])
async def test_every_action_is_in_it(width: int) -> None:
    async with opened(HelpScreen(), size=(width, 600)) as it:
        await it.until(lambda: bool(it.dialog.query("#help-body Static")), "the table")
        it.dialog.frame.styles.max_height = 600
        await it.pilot.pause()
        shown = it.text()
        for action in ACTIONS:
            assert action.title in shown
            assert f"/{action.slash}" in shown


async def test_rebound_keys_are_shown_as_they_are_now() -> None:
    async with opened(HelpScreen(), keymap={"pick_model": "ctrl+y", "studio_pick_model": "ctrl+y"}) as it:
        await it.type("pick a model")
        await it.until_shown("Ctrl+Y")
        assert "Ctrl+O" not in it.text()


async def test_typing_narrows_down_by_key_word_or_command() -> None:
    async with opened(HelpScreen({}), size=(100, 30)) as it:
        await it.type("/rename")
        await it.until(lambda: "Quit" not in it.text(), "a shorter table")
        assert "Rename this conversation" in it.text()
        await it.press("ctrl+u")
        await it.type("qqq")
        await it.until_shown("No key or command has that in it.")


async def test_it_scrolls_from_the_filter() -> None:
    async with opened(HelpScreen({}), size=(80, 24)) as it:
        body = it.dialog.query_one("#help-body")
        await it.press("down")
        await it.until(lambda: body.scroll_y == 1, "one line down")
        await it.press("pagedown", "ctrl+end")
        await it.until_shown("Quit")
        await it.press("up", "pageup", "ctrl+home")
        await it.until(lambda: body.scroll_y == 0, "the top")


async def test_the_key_that_opens_it_closes_it_also_when_it_was_rebound() -> None:
    async with opened(HelpScreen(), keymap={"show_help": "f9"}) as it:
        await it.press("f9")
        await it.closed()


async def test_a_tiny_terminal_is_drawn() -> None:
    async with opened(HelpScreen(), size=(14, 5)) as it:
        await it.type("undo")
        await it.resize(80, 24)
        await it.until_shown("Undo the last deletion")
        await it.press("escape")
        await it.closed()
