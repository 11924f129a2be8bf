"""The pseudo-terminal driver does what a terminal does."""

from __future__ import annotations

import base64
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.terminal import HOSTILE, Terminal, forbidden_bytes

pytestmark = pytest.mark.terminal


def tiny_app(shown: str = "hello") -> Terminal:
    return Terminal([sys.executable, "-m", "tests.terminal.tiny_app", shown], columns=60, lines=12)


@pytest.fixture(scope="module")
def running() -> Iterator[Terminal]:
    with tiny_app() as terminal:
        terminal.wait_for("size: 60x12.")
        yield terminal


def test_typed_text_arrives_character_by_character(running: Terminal) -> None:
    running.type("Ada 😀 é\n")
    running.wait_for("hello, Ada 😀 é!")
    running.press(*["backspace"] * 7)


@pytest.mark.parametrize(
    "key",
    [
        "escape",
        "tab",
        "shift+tab",
        "up",
        "home",
        "f1",
        "f5",
        "f12",
        "pageup",
        "ctrl+n",
        "alt+e",
        "alt+enter",
        "shift+enter",
        "alt+left",
        "ctrl+left",
    ],
)
def test_a_key_arrives_under_its_name(running: Terminal, key: str) -> None:
    running.press("f3" if key != "f3" else "f2", key)
    running.wait_for(f"key: {key}.")


def test_the_program_learns_of_a_new_size(running: Terminal) -> None:
    running.resize(70, 14)
    running.wait_for("size: 70x14.")
    running.resize(60, 12)
    running.wait_for(lambda screen: "size: 60x12." in screen and "shown: hello" in screen)


def test_a_click_hits_the_text_under_it(running: Terminal) -> None:
    running.click_on("press here")
    running.wait_for("clicked")


def test_a_paste_arrives_whole() -> None:
    with tiny_app() as terminal:
        terminal.wait_for("size: 60x12.")
        terminal.press("tab")
        terminal.paste("two words")
        terminal.wait_for("two words")


def test_a_quiet_program_writes_nothing_forbidden(running: Terminal) -> None:
    assert forbidden_bytes(running.raw) == []


def test_a_copy_is_seen_and_can_be_allowed() -> None:
    with tiny_app() as terminal:
        terminal.wait_for("size: 60x12.")
        terminal.type("copy\n")
        terminal.wait_for("hello, copy!")
        assert any("52;c;" in find for find in forbidden_bytes(terminal.raw))
        assert forbidden_bytes(terminal.raw, clipboard=[base64.b64encode(b"copied").decode()]) == []


def test_hostile_text_that_nobody_made_visible_is_caught() -> None:
    for payload in HOSTILE[0], HOSTILE[3], "\u202e":
        with tiny_app(f"before{payload}after") as terminal:
            terminal.wait_for("size: 60x12.")
            assert forbidden_bytes(terminal.raw)


def test_the_exit_code_and_the_last_output_are_kept() -> None:
    with tiny_app() as terminal:
        terminal.wait_for("size: 60x12.")
        terminal.type("quit\n")
        assert terminal.wait_for_exit() == 7
        assert forbidden_bytes(terminal.raw) == []


def test_a_wait_that_fails_shows_the_screen() -> None:
    with tiny_app() as terminal:
        terminal.wait_for("size: 60x12.")
        with pytest.raises(AssertionError, match=r"(?s)waited 0.1 s for 'never'.*60x12.*shown: hello"):
            terminal.wait_for("never", timeout_s=0.1)


def test_a_wait_ends_when_the_program_does() -> None:
    with tiny_app() as terminal:
        terminal.wait_for("size: 60x12.")
        terminal.kill()
        with pytest.raises(AssertionError, match="ended with"):
            terminal.wait_for("never", timeout_s=60)
        assert terminal.wait_for_exit() == -signal.SIGKILL


def test_the_terminal_is_the_controlling_one() -> None:
    with Terminal([sys.executable, "-c", "print('ready', flush=True); input()"]) as terminal:
        terminal.wait_for("ready")
        terminal.press("ctrl+c")
        assert terminal.wait_for_exit() == -signal.SIGINT
