"""Asking for one line."""

from __future__ import annotations

import pytest

from tests.tui.dialogs.host import opened
from tui.screens.line_prompt import LinePrompt

pytestmark = pytest.mark.program


async def test_enter_gives_the_line_as_it_was() -> None:
    async with opened(LinePrompt("Rename", value="A title", hint="Some help")) as it:
        assert "Rename" in it.text()
        assert "Some help" in it.text()
        await it.press("enter")
        assert await it.result() == "A title"


async def test_typing_replaces_the_value() -> None:
    async with opened(LinePrompt("Rename", value="A title")) as it:
        await it.press("N", "e", "w", "enter")
        assert await it.result() == "New"


async def test_escape_gives_nothing() -> None:
    async with opened(LinePrompt("Rename", value="A title")) as it:
        await it.press("x", "escape")
        assert await it.result() is None


async def test_an_empty_line_is_not_taken() -> None:
    async with opened(LinePrompt("Rename", placeholder="The title")) as it:
        assert "The title" in it.text()
        await it.press("enter")
        await it.until_shown("✗ Type something first")
        await it.press("a")
        assert "✗" not in it.text()
        await it.press("enter")
        assert await it.result() == "a"


async def test_a_fault_is_told_in_words() -> None:
    def no_spaces(text: str) -> str:
        return "" if " " not in text else "A name has no spaces"

    async with opened(LinePrompt("Name", value="a b", validate=no_spaces)) as it:
        await it.press("enter")
        await it.until_shown("✗ A name has no spaces")
        assert it.is_open


async def test_the_keys_are_in_words_and_can_be_clicked() -> None:
    async with opened(LinePrompt("Rename", value="A title"), size=(20, 5)) as it:
        await it.resize(80, 24)
        assert it.dialog.frame.size.height < 10
        lines = it.text().splitlines()
        line = next(y for y, text in enumerate(lines) if "Enter keeps it" in text)
        await it.pilot.click(offset=(lines[line].index("Enter"), line))
        assert await it.result() == "A title"
