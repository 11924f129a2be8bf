"""Keys that come faster than the program can follow act on what a person sees when it has followed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static, TextArea

from engine.paths import Paths
from tests.tui.conftest import Program
from tests.tui.dialogs.host import DEADLINE_S, Host, burst
from tests.tui.dialogs.test_tune_form import Form
from tui.bridge import Bridge
from tui.screens.runs_dialog import RunsDialog
from tui.screens.tune import TuneForm
from tui.screens.tune.fields import TuneFields

pytestmark = pytest.mark.program

Start = Callable[..., Any]


@pytest.mark.parametrize("moves", [("tab",), ("down",), ("down", "up", "tab"), ("shift+tab", "tab", "tab")])
async def test_a_field_that_was_just_reached_takes_the_key(paths: Paths, moves: tuple[str, ...]) -> None:
    form = Form(paths)
    async with form.opened() as it:
        await it.burst(*moves, "right")
        await it.until(lambda: form.text("method") == "full", "the method")
        await it.burst("right", "tab", "9", "tab", "x", "shift+tab", "8")
        await it.until(lambda: form.text("soft_prompt.virtual_tokens") == "8", "the number")
        assert form.text("soft_prompt.text") == "x"


async def test_what_is_typed_behind_enter_goes_to_the_next_field(paths: Paths) -> None:
    form = Form(paths)
    async with form.opened() as it:
        await it.burst(*"ab", "enter", "tab", *"12", "enter", *"3", "enter", *"45")
        await it.until(lambda: form.text("max_steps") == "45", "the steps")
        texts = [form.text(name) for name in ("data.source", "method", "lora.rank", "epochs")]
        assert texts == ["ab", "lora", "12", "3"]


async def test_a_dialog_takes_what_is_typed_behind_the_key_that_opens_it(start: Start) -> None:
    async with start() as program:
        assert isinstance(program, Program)
        burst(program.app, "f9", *"ab", "tab", "right")
        await program.until(lambda: isinstance(program.app.screen, TuneForm), "the form")
        fields = program.app.screen.query_one(TuneFields)
        await program.until(lambda: fields.texts.get("method") == "full", "the method")
        assert fields.texts["data.source"] == "ab"
        assert program.composer.text == ""


async def test_the_chat_takes_what_is_typed_behind_the_key_that_closes_a_dialog(start: Start) -> None:
    async with start() as program:
        await program.pilot.press("f8")
        await program.until(lambda: isinstance(program.app.screen, RunsDialog), "the list")
        burst(program.app, "escape", *"Hi")
        await program.until(lambda: program.composer.text == "Hi", "the letters")


class Stuck(Static, can_focus=True):
    """Not done with its first key before it is told to be."""

    def __init__(self) -> None:
        super().__init__()
        self.done = asyncio.Event()

    async def on_key(self) -> None:
        await self.done.wait()


class WithStuck(Host):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+n", "leave", priority=True)]

    def compose(self) -> ComposeResult:
        yield Stuck()
        yield Input()

    def action_leave(self) -> None:
        self.query_one(Input).focus()


async def test_a_key_that_never_ends_holds_the_next_ones_for_a_moment_only() -> None:
    app = WithStuck()
    async with app.run_test():
        app.query_one(Stuck).focus()
        burst(app, "z", "ctrl+n", *"late")
        deadline_s = asyncio.get_running_loop().time() + DEADLINE_S
        while app.query_one(Input).value != "late":
            assert asyncio.get_running_loop().time() < deadline_s
            await asyncio.sleep(0.01)
        app.query_one(Stuck).done.set()


class Slow(TextArea):
    """Takes its time for a key."""

    async def _on_key(self, event: events.Key) -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        await super()._on_key(event)


class Painted(Host):
    """Keeps what its field said in each frame, and when a key was said to be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.typist.watch(lambda: self.seen.append("told"))

    def compose(self) -> ComposeResult:
        yield Slow()

    def post_display_hook(self) -> None:
        if self.screen_stack:
            self.seen.append(self.query_one(TextArea).text)


async def test_a_letter_is_told_to_be_seen_once_it_is_painted() -> None:
    app = Painted()
    async with app.run_test() as pilot:
        await pilot.pause()
        for typed in ("a", "ab", "abc"):
            app.seen.clear()
            burst(app, typed[-1])
            deadline_s = asyncio.get_running_loop().time() + DEADLINE_S
            while "told" not in app.seen:
                assert asyncio.get_running_loop().time() < deadline_s
                await asyncio.sleep(0.001)
            assert app.seen.index("told") > app.seen.index(typed)


async def test_only_letters_and_steps_of_the_cursor_are_typing() -> None:
    app = Painted()
    async with app.run_test() as pilot:
        for key, writes in (("a", True), ("escape", False), ("ctrl+left", True), ("f9", False), ("backspace", True)):
            await pilot.press(key)
            assert (app.typist.last_key_s > float("-inf")) is writes, key


async def test_a_reply_hears_of_the_letters_that_are_typed_into_the_composer(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Bridge] = []

    def follow(bridge: Bridge) -> None:
        heard.append(bridge)

    monkeypatch.setattr(Bridge, "_follow_key", follow)
    async with start() as program:
        await program.until(lambda: program.screen.session is not None, "the session")
        burst(program.app, "a")
        await program.until(lambda: heard, "the key")
