"""Setting the sampling."""

from __future__ import annotations

import pytest
from textual.widgets import Checkbox, Input

from engine.protocol import Sampling, SamplingChange
from tests.tui.dialogs.host import SIZES, Opened, opened
from tui.screens.sampling_form import SamplingForm

pytestmark = pytest.mark.program

DEFAULTS = Sampling(temperature=0.7, top_p=0.9, max_new_tokens=200)


def field(it: Opened[SamplingChange], name: str) -> Input:
    return it.dialog.query_one(f"#row-{name} Input", Input)


async def test_enter_without_a_change_gives_no_change() -> None:
    async with opened(SamplingForm(DEFAULTS, DEFAULTS)) as it:
        await it.press("enter")
        assert await it.result() == SamplingChange()


async def test_space_ticks_greedy_and_enter_keeps_it_there_as_in_every_field() -> None:
    async with opened(SamplingForm(DEFAULTS, DEFAULTS)) as it:
        await it.press("up", "space")
        assert field(it, "temperature").value == "0"
        await it.press("up", "down", "enter")
        assert await it.result() == SamplingChange(temperature=0.0)


async def test_only_what_differs_from_the_defaults_is_given() -> None:
    async with opened(SamplingForm(Sampling(temperature=0.5, max_new_tokens=200), DEFAULTS)) as it:
        await it.press("down", "1", "2", "ctrl+s")
        assert await it.result() == SamplingChange(temperature=0.5, top_k=12, top_p=0.95)


async def test_typing_replaces_the_value_and_the_arrows_move() -> None:
    async with opened(SamplingForm(DEFAULTS, DEFAULTS)) as it:
        await it.press("1", ".", "2", "down", "down", "up", "up")
        assert it.app.focused is field(it, "temperature")
        assert field(it, "temperature").value == "1.2"
        await it.press("enter")
        assert await it.result() == SamplingChange(temperature=1.2)


async def test_a_value_out_of_range_is_told_while_typing_and_never_kept() -> None:
    async with opened(SamplingForm(DEFAULTS, DEFAULTS)) as it:
        await it.press("down", "down", "7")
        await it.until_shown("✗ it has to be a number above 0 and at most 1")
        await it.press("up", "enter")
        assert it.is_open
        assert it.app.focused is field(it, "top_p")
        await it.press("ctrl+u", "0", ".", "5", "enter")
        assert await it.result() == SamplingChange(top_p=0.5)


async def test_a_blank_field_means_the_default_and_a_blank_seed_a_new_one() -> None:
    async with opened(SamplingForm(Sampling(seed=42, temperature=0.1), DEFAULTS)) as it:
        for name in ("temperature", "seed", "top_p", "max_new_tokens"):
            field(it, name).value = ""
        await it.until_shown("new seed for every reply.")
        await it.press("enter")
        assert await it.result() == SamplingChange()


async def test_greedy_is_temperature_zero_and_back() -> None:
    async with opened(SamplingForm(DEFAULTS, DEFAULTS)) as it:
        await it.press("ctrl+g")
        assert field(it, "temperature").value == "0"
        assert it.dialog.query_one(Checkbox).value
        await it.until_shown("the same prompt always gets the same reply")
        assert "[✓] Greedy" in it.text()
        await it.press("ctrl+g")
        assert field(it, "temperature").value == "0.7"
        assert "[ ] Greedy" in it.text()
        await it.press("0")
        await it.until(lambda: it.dialog.query_one(Checkbox).value, "the tick that follows the field")
        await it.press("enter")
        assert await it.result() == SamplingChange(temperature=0)


async def test_a_form_that_opens_greedy_comes_back_warm_by_a_click() -> None:
    greedy = Sampling(temperature=0)
    async with opened(SamplingForm(greedy, greedy)) as it:
        await it.pilot.click(Checkbox)
        await it.pilot.pause()
        assert field(it, "temperature").value == "0.8"


async def test_back_to_the_defaults() -> None:
    async with opened(SamplingForm(Sampling(temperature=1.5, top_k=3, seed=1), DEFAULTS)) as it:
        await it.press("ctrl+r")
        assert field(it, "temperature").value == "0.7"
        assert field(it, "seed").value == ""
        await it.press("enter")
        assert await it.result() == SamplingChange()


async def test_escape_changes_nothing() -> None:
    async with opened(SamplingForm(DEFAULTS, DEFAULTS)) as it:
        await it.press("9", "escape")
        assert await it.result() is None


async def test_all_fields_and_keys_are_in_sight_at_every_size() -> None:
    async with opened(SamplingForm(Sampling(seed=1, temperature=3), DEFAULTS), size=(20, 6)) as it:
        await it.press("down", "down", "down", "down", "down", "down", "5")
        assert field(it, "seed").value == "5"
        for size in SIZES:
            await it.resize(*size)
            shown = it.text()
            for words in ("Temperature", "Seed", "Longest reply", "Draws each token", "Enter keeps it", "Esc closes"):
                assert words in shown
