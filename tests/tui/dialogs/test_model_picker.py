"""Picking a model."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Select

from engine.models.records import ModelEntry
from engine.precisions import PRECISIONS
from tests.tui.dialogs.host import SIZES, opened
from tui.screens.model_picker import ModelChoice, ModelPicker
from tui.widgets.filter_list import FilterList

pytestmark = pytest.mark.program

GPT2 = ModelEntry(
    ref="gpt2",
    name="gpt2",
    source="hub",
    architecture="gpt2",
    parameters=124_439_808,
    size_bytes=548_105_171,
    context_tokens=1024,
    dtype="float32",
    here=True,
    where="/cache/models--gpt2",
    description="The classic: continues any English text.",
)
LLAMA = ModelEntry(
    ref="/models/small-llama", name="small-llama", source="folder", kind="instruct", architecture="llama",
    parameters=260_032, size_bytes=1_050_000, context_tokens=512, here=True, where="/models/small-llama",
)  # fmt: skip
FAULTY = ModelEntry(
    ref="/models/pickled", name="pickled", source="folder", here=True, where="/models/pickled",
    fault="its weights are a pickle: convert them to safetensors",
)  # fmt: skip
PARTIAL = ModelEntry(
    ref="distilgpt2", name="distilgpt2", source="hub", here=True, resumable=True, fault="The download was cut short"
)
OFFER = ModelEntry(
    ref="HuggingFaceTB/SmolLM2-135M", name="HuggingFaceTB/SmolLM2-135M", source="hub", architecture="llama",
    parameters=134_515_008, size_bytes=272_000_000, context_tokens=8192, description="A modern small base model.",
)  # fmt: skip
ENTRIES = (GPT2, LLAMA, FAULTY, PARTIAL, OFFER)


def picked(ref: str, device: str = "auto", dtype: str = "auto") -> ModelChoice:
    return ModelChoice(ref, device, dtype)


async def test_enter_picks_the_model_in_use() -> None:
    async with opened(ModelPicker(ENTRIES, "/models/small-llama")) as it:
        await it.press("enter")
        assert await it.result() == picked("/models/small-llama")


async def test_the_first_model_is_under_the_cursor_where_none_is_in_use() -> None:
    async with opened(ModelPicker(ENTRIES, "")) as it:
        await it.press("enter")
        assert await it.result() == picked("gpt2")


async def test_what_is_here_stands_before_what_can_be_had() -> None:
    async with opened(ModelPicker(ENTRIES, "gpt2")) as it:
        shown = it.text()
        places = [shown.index(word) for word in ("Here", "small-llama", "pickled", "To download", "SmolLM2-135M")]
        assert places == sorted(places)
        assert "124M" in shown
        assert "548 MB" in shown
        assert "● gpt2" in shown


async def test_typing_narrows_the_list_down() -> None:
    async with opened(ModelPicker(ENTRIES, "")) as it:
        for typed, found in (("smol", OFFER), ("INSTR", LLAMA), ("modern", OFFER), ("gpt2", GPT2)):
            await it.press("ctrl+u", *typed)
            rows = it.dialog.query_one(FilterList)
            await it.until(lambda rows=rows, ref=found.ref: rows.highlighted_id.endswith(ref), f"{found.ref} on top")  # type: ignore[misc]
        await it.press("enter")
        assert await it.result() == picked("gpt2")


async def test_the_arrows_move_past_headings() -> None:
    async with opened(ModelPicker(ENTRIES, "distilgpt2")) as it:
        await it.press("down", "enter")
        assert await it.result() == picked(OFFER.ref)


async def test_page_and_end_keys_move_in_the_list() -> None:
    async with opened(ModelPicker(ENTRIES, "")) as it:
        await it.press("ctrl+end")
        assert it.dialog.query_one(FilterList).highlighted_id.endswith(OFFER.ref)
        await it.press("ctrl+home", "pagedown", "pageup", "up")
        await it.press("escape")
        assert await it.result() is None


async def test_a_faulty_model_tells_why_instead_of_closing() -> None:
    async with opened(ModelPicker(ENTRIES, "")) as it:
        await it.type("pickled")
        await it.press("enter")
        await it.until_shown("pickled can't be opened: its weights are a pickle")
        assert it.is_open
        await it.press("ctrl+u")
        assert "can't be opened" not in it.text()


async def test_a_download_that_was_cut_short_can_be_picked() -> None:
    async with opened(ModelPicker(ENTRIES, "")) as it:
        await it.type("distil")
        await it.press("enter")
        assert await it.result() == picked("distilgpt2")


@pytest.mark.parametrize("typed", ["someone/new-model", "/a/folder of mine"])
async def test_what_is_not_listed_can_be_typed(typed: str) -> None:
    async with opened(ModelPicker(ENTRIES, "")) as it:
        it.dialog.query_one("#filter", Input).insert_text_at_cursor(typed)
        await it.until_shown(f"Open or download “{typed}”")
        await it.press("enter")
        assert await it.result() == picked(typed)


async def test_device_and_precision_are_set_by_keyboard() -> None:
    async with opened(ModelPicker(ENTRIES, "", dtype="float16")) as it:
        await it.press("tab", "enter", "down", "enter")
        assert it.dialog.query_one("#model-device", Select).value == "cpu"
        await it.press("tab", "enter", "down", "enter", "shift+tab", "shift+tab", "enter")
        assert await it.result() == picked("gpt2", "cpu", "bfloat16")


async def test_a_precision_says_what_it_costs_and_brings() -> None:
    async with opened(ModelPicker(ENTRIES, "", dtype="bfloat16")) as it:
        assert PRECISIONS["int8"] not in it.text()
        await it.press("tab", "tab", "enter", "down", "enter")
        assert f"int8: {PRECISIONS['int8']}" in it.text()


async def test_escape_closes_an_open_choice_first() -> None:
    async with opened(ModelPicker(ENTRIES, "")) as it:
        await it.press("tab", "enter", "escape")
        assert it.is_open
        await it.press("escape")
        assert await it.result() is None


async def test_a_device_that_is_not_in_the_list_stays_set() -> None:
    async with opened(ModelPicker(ENTRIES, "", device="cuda:1")) as it:
        await it.press("enter")
        assert await it.result() == picked("gpt2", "cuda:1")


async def test_a_click_picks() -> None:
    async with opened(ModelPicker(ENTRIES, ""), size=(80, 24)) as it:
        line = next(y for y, text in enumerate(it.text().splitlines()) if "small-llama" in text)
        await it.pilot.click(offset=(10, line))
        assert await it.result() == picked(LLAMA.ref)


async def test_a_click_on_the_word_for_a_key_does_what_the_key_does() -> None:
    async with opened(ModelPicker(ENTRIES, "")) as it:
        lines = it.text().splitlines()
        line = next(y for y, text in enumerate(lines) if "Esc closes" in text)
        await it.pilot.click(offset=(lines[line].index("Esc"), line))
        assert await it.result() is None


async def test_entries_may_come_later() -> None:
    dialog = ModelPicker(None, "gpt2")
    async with opened(dialog) as it:
        await it.until_shown("Looking for models")
        await it.press("enter")
        assert it.is_open
        dialog.update_entries(ENTRIES)
        await it.until_shown("small-llama")
        await it.press("down")
        dialog.update_entries((OFFER, *ENTRIES))
        await it.press("enter")
        assert await it.result() == picked(LLAMA.ref)


async def test_entries_may_come_before_the_dialog_is_drawn_and_after_it_is_closed() -> None:
    dialog = ModelPicker(None, "")
    dialog.update_entries([OFFER])
    async with opened(dialog) as it:
        await it.press("enter")
        assert await it.result() == picked(OFFER.ref)
        dialog.update_entries(ENTRIES)


async def test_no_model_at_all_says_what_to_do() -> None:
    async with opened(ModelPicker([], "")) as it:
        await it.until_shown("No model is here yet.")
        await it.press("enter")
        await it.type("?")
        await it.until_shown("Nothing answers to that")
        await it.press("enter")
        assert it.is_open


async def test_nothing_here_but_something_to_download() -> None:
    async with opened(ModelPicker([OFFER], "")) as it:
        await it.until_shown("No model is here yet. Pick one below")
        await it.press("enter")
        assert await it.result() == picked(OFFER.ref)


async def test_hundreds_of_models_can_be_narrowed_down() -> None:
    many = [ModelEntry(ref=f"m/{i}", name=f"m/{i}", source="hub", here=True, parameters=i) for i in range(800)]
    async with opened(ModelPicker(many, "")) as it:
        await it.type("799")
        await it.press("enter")
        assert await it.result() == picked("m/799")


async def test_details_are_shown_beside_or_beneath_at_every_size() -> None:
    async with opened(ModelPicker(ENTRIES, "gpt2"), size=(12, 4)) as it:
        await it.type("a")
        await it.press("down", "backspace")
        for size in ((40, 12), *SIZES):
            await it.resize(*size)
            await it.until_shown("gpt2")
            if size[0] >= 80:
                await it.until_shown("/cache/models--gpt2")
                await it.until_shown("1,024 tokens")


async def test_names_and_faults_can_not_drive_the_terminal() -> None:
    evil = ModelEntry(
        ref="evil", name="a\x1b[2Jb\nc", source="folder", here=True, fault="\x9b31m\u202eoops", description="\x1b]52;"
    )
    async with opened(ModelPicker([evil], "evil"), size=(120, 40)) as it:
        await it.press("enter")
        await it.until_shown("can't be opened")
        shown = it.text()
        assert "a␛[2Jb␊c" in shown
        assert not any(ord(c) < 0x20 and c != "\n" for c in shown)
        assert "\x9b" not in shown
        assert "\u202e" not in shown
