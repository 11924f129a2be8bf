"""The template studio through a real pseudo-terminal."""

from __future__ import annotations

import pytest

from engine.paths import Paths
from tests.integration.conftest import Start
from tests.terminal import Terminal, forbidden_bytes

pytestmark = pytest.mark.terminal


def test_write_a_template_see_it_run_it_and_use_it_in_the_chat(start: Start, paths: Paths) -> None:
    with start(reply="Old pond, frog jumps in", columns=120, lines=40) as terminal:
        terminal.wait_for("fake is listening")
        terminal.press("alt+t")
        terminal.wait_for("Template studio")
        terminal.press("ctrl+n")
        terminal.wait_for("What is the new template called?")
        terminal.type("Haiku")
        terminal.press("enter")
        terminal.wait_for("haiku.toml · saved")
        _go_to_body(terminal)
        terminal.type("A haiku about ")
        terminal.wait_for("haiku.toml · not saved")
        terminal.wait_for("A haiku about Tell me about the sea.")
        terminal.press("ctrl+r")
        terminal.wait_for("Old pond, frog jumps in")
        terminal.wait_for("tok/s")
        terminal.press("f10")
        terminal.wait_until_gone("Template studio")
        terminal.wait_for("¶ Haiku")
        terminal.type("rain")
        terminal.press("enter")
        terminal.wait_for("fake · Haiku")
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0
        assert forbidden_bytes(terminal.raw) == []
    assert "A haiku about {{ message | trim }}" in (paths.templates / "haiku.toml").read_text()


def test_a_hostile_file_does_not_drive_the_terminal(start: Start, paths: Paths) -> None:
    paths.templates.mkdir(parents=True)
    evil = 'body = "{{ message }} \x1b]52;c;aGk=\x07" # \x9b31m \u202e\nname = "\\u001b]0;x\\u0007"\n'
    (paths.templates / "evil.toml").write_bytes(evil.encode())
    with start(columns=120, lines=40) as terminal:
        terminal.wait_for("fake is listening")
        terminal.type("/studio evil")
        terminal.press("enter")
        terminal.wait_for("Template studio")
        terminal.wait_for("line 1")
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0
        assert forbidden_bytes(terminal.raw) == []


def _go_to_body(terminal: Terminal) -> None:
    """Put the cursor before what the skeleton's body has."""
    for _ in range(6):
        terminal.press("down")
