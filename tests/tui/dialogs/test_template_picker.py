"""Picking a prompt template."""

from __future__ import annotations

import asyncio
import threading

import pytest

from engine.errors import TemplateFault
from engine.protocol import SamplingChange, Template, TokensCounted, Variable
from engine.templates.library import Listing
from tests.tui.dialogs.host import SIZES, opened
from tui.screens.template_picker import TemplatePicker
from tui.state.preview import Previewed, fitted
from tui.widgets.filter_list import FilterList
from tui.widgets.preview import Preview
from tui.widgets.template_rows import DRAFT

pytestmark = pytest.mark.program

PLAIN = Template(id="plain", name="Plain", kind="completion", body="{{ message }}", description="Continue my text")
CHAT = Template(
    id="chat",
    name="Chat",
    kind="chat",
    body="User: {{ message }}\nAssistant: ",
    description="A transcript",
    stop=("\nUser:",),
    sampling=SamplingChange(temperature=0.0, max_new_tokens=200, top_p=0.9),
    variables=(Variable(name="about", label="What it is about"),),
)
OWN = Template(id="haiku", name="Haiku", kind="completion", body="Haiku:")
FAULT = TemplateFault("in the body, unexpected '}'", "Close the braces", file="/home-of/templates/broken.toml", line=3)
LISTING = Listing((PLAIN, CHAT, OWN), (FAULT,), {"plain": "", "chat": "", "haiku": "/home-of/templates/haiku.toml"})
KEYS = ("Enter uses it", "Ctrl+E edits", "Ctrl+L compares", "Ctrl+N new", "Ctrl+↑↓ scrolls")


async def preview(template: Template) -> Previewed:
    return Previewed(text=template.body.replace("{{ message }}", "Hello  "))


async def test_enter_gives_the_template_in_use_first() -> None:
    async with opened(TemplatePicker(LISTING, "chat", preview)) as it:
        await it.press("enter")
        assert await it.result() == "chat"


async def test_a_filter_and_enter_switch_the_template() -> None:
    async with opened(TemplatePicker(LISTING, "chat", preview)) as it:
        await it.press("h", "a", "i", "enter")
        assert await it.result() == "haiku"


async def test_escape_changes_nothing() -> None:
    async with opened(TemplatePicker(LISTING, "chat", preview)) as it:
        await it.press("down", "escape")
        assert await it.result() is None


async def test_no_key_is_cut_and_what_closes_goes_without_saying_where_there_is_no_room() -> None:
    async with opened(TemplatePicker(LISTING, "chat", preview), size=(80, 24)) as it:
        for size, has_room in (((80, 24), False), ((120, 40), True), ((80, 24), False)):
            await it.resize(*size)
            await it.until_shown("Ctrl+↑↓ scrolls")
            assert [words for words in KEYS if words not in it.text()] == []
            assert ("Esc closes" in it.text()) is has_room


async def test_the_preview_shows_what_the_model_sees_and_where_it_ends() -> None:
    async with opened(TemplatePicker(LISTING, "chat", preview), size=(30, 8)) as it:
        for size in SIZES:
            await it.resize(*size)
            await it.until_shown("User: Hello␣␣⏎")
            assert "Assistant:␣◂ the reply goes on here" in it.text()
            assert "Stops at  “⏎User:”" in it.text()
            assert "greedy, top-p 0.9, at most 200 tokens" in it.text()


async def test_the_preview_follows_the_cursor() -> None:
    async with opened(TemplatePicker(LISTING, "plain", preview)) as it:
        await it.until_shown("Hello␣␣◂")
        await it.press("down", "down")
        await it.until_shown("Haiku:◂")
        assert "templates/haiku.toml" in it.text()
        assert "completion · yours" in it.text()


async def test_a_preview_that_takes_long_holds_nothing_up() -> None:
    go_on = asyncio.Event()

    async def slow(template: Template) -> Previewed:
        if template.id == "plain":
            await go_on.wait()
        return Previewed(text=f"it is {template.id}")

    async with opened(TemplatePicker(LISTING, "plain", slow)) as it:
        await it.press("down")
        await it.until_shown("it is chat")
        go_on.set()
        await it.press("up")
        await it.until_shown("it is plain")


async def test_a_preview_that_ends_after_the_dialog_changes_nothing() -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(template: Template) -> Previewed:
        started.set()
        await go_on.wait()
        return Previewed(text="late")

    async with opened(TemplatePicker(LISTING, "plain", slow)) as it:
        await it.until(started.is_set, "the preview")
        await it.press("enter")
        assert await it.result() == "plain"
        go_on.set()
        await it.pilot.pause()


async def test_a_template_that_can_not_be_rendered_tells_why() -> None:
    async def refuse(template: Template) -> Previewed:
        raise TemplateFault("the model has no chat template", "Pick another template")

    async with opened(TemplatePicker(LISTING, "chat", refuse)) as it:
        await it.until_shown("✗ the model has no chat template. Pick another")
        await it.press("enter")
        assert await it.result() == "chat"


async def test_the_token_in_front_and_what_does_not_fit_are_shown() -> None:
    counted = TokensCounted(id=1, tokens=1012, context_tokens=1024, dropped_turns=4, text="Hi", beginning="<s>")

    async def asked(template: Template) -> Previewed:
        return fitted(counted)

    async with opened(TemplatePicker(LISTING, "plain", asked)) as it:
        for size in SIZES:
            await it.resize(*size)
            await it.until_shown("<s>Hi◂")
            assert "1,012 of 1,024 tokens · the oldest 4 turns fall out" in it.text()


async def test_without_a_model_the_preview_says_that_it_is_not_fitted() -> None:
    async with opened(TemplatePicker(LISTING, "plain", preview)) as it:
        for size in SIZES:
            await it.resize(*size)
            await it.until_shown("o model yet, so not fitted to a window")


async def test_a_template_that_the_model_can_not_be_asked_with_says_why_and_is_not_taken() -> None:
    def why_not(template: Template) -> TemplateFault | None:
        return TemplateFault("tiny has no chat template", "Pick Plain") if template.id == "chat" else None

    async with opened(TemplatePicker(LISTING, "plain", preview, why_not=why_not)) as it:
        await it.until_shown("✗ Chat")
        await it.until_shown("not for this model")
        await it.press("down")
        await it.until_shown("✗ tiny has no chat template. Pick Plain")
        await it.press("enter")
        assert [told.message for told in it.app._notifications] == ["tiny has no chat template. Pick Plain"]
        assert it.is_open
        await it.press("up", "enter")
        assert await it.result() == "plain"


async def test_a_faulty_file_is_listed_last_with_its_line_and_can_not_be_picked() -> None:
    async with opened(TemplatePicker(LISTING, "chat", preview), size=(120, 40)) as it:
        assert it.text().index("Haiku") < it.text().index("broken.toml:3")
        await it.press("ctrl+end")
        await it.until_shown("Close the braces")
        await it.until_shown("/home-of/templates/broken.toml, line 3")
        await it.press("enter")
        assert it.is_open


async def test_files_that_change_while_the_dialog_is_open_are_taken_over() -> None:
    dialog = TemplatePicker(LISTING, "chat", preview)
    async with opened(dialog) as it:
        await it.press("down")
        mended = Template(id="broken", name="Mended", kind="completion", body="well")
        dialog.update_listing(Listing((PLAIN, CHAT, mended, OWN), (), {}))
        await it.until_shown("Mended")
        assert "broken.toml" not in it.text()
        await it.press("enter")
        assert await it.result() == "haiku"


async def test_a_template_that_went_away_leaves_the_cursor_on_the_first() -> None:
    dialog = TemplatePicker(LISTING, "haiku", preview)
    async with opened(dialog) as it:
        dialog.update_listing(Listing((PLAIN,), (), {}))
        await it.until(lambda: "Haiku" not in it.text(), "the list without it")
        await it.press("enter")
        assert await it.result() == "plain"


async def test_nothing_found_and_back_again() -> None:
    async with opened(TemplatePicker(LISTING, "chat", preview)) as it:
        await it.type("qqq")
        await it.until_shown("No template answers to that.")
        await it.press("enter")
        assert it.is_open
        await it.press("ctrl+u")
        await it.until_shown("Plain")


async def test_a_long_prompt_scrolls_under_the_keys() -> None:
    async def long(template: Template) -> Previewed:
        return Previewed(text="\n".join(f"line {number}" for number in range(200)))

    async with opened(TemplatePicker(LISTING, "chat", long)) as it:
        await it.until_shown("line 1⏎")
        await it.press("ctrl+down")
        await it.until(lambda: it.dialog.query_one(Preview).scroll_y == 3, "the preview scrolled")
        await it.press("ctrl+up")
        await it.until(lambda: it.dialog.query_one(Preview).scroll_y == 0, "the preview back on top")


async def test_drafts_are_looked_for_in_a_thread_and_marked_when_they_are_found() -> None:
    threads: list[int] = []

    def find() -> tuple[str, ...]:
        threads.append(threading.get_ident())
        return ("haiku",)

    async with opened(TemplatePicker(LISTING, "chat", preview, drafts=find)) as it:
        await it.until_shown(DRAFT)
        assert it.dialog.query_one(FilterList).highlighted_id == "template:chat"
        assert threads
        assert threading.get_ident() not in threads


async def test_templates_and_prompts_can_not_drive_the_terminal() -> None:
    evil = Template(id="evil", name="e\x1b[2J", kind="chat", body="", description="d\x9b\u202e", stop=("\x1b",))

    async def threaten(template: Template) -> Previewed:
        return Previewed(text="p\x1b]52;\rq\u200b", beginning="<\x1b>")

    async with opened(TemplatePicker(Listing((evil,), (), {}), "evil", threaten)) as it:
        await it.until_shown("<␛>p␛]52;␍q⟨U+200B⟩◂")
        shown = it.text()
        assert not any(ord(c) < 0x20 and c != "\n" for c in shown)
        assert "\x9b" not in shown
