"""Through a real terminal with a real small model: write a template, compare it, use the winner, chat with it."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from engine.paths import Paths
from tests.integration.conftest import ROOT
from tests.terminal import Terminal, forbidden_bytes

pytestmark = [pytest.mark.terminal, pytest.mark.torch]
ONCE = 'name = "Once"\nkind = "completion"\nbody = "Once upon a time {{ message }}"\n[sampling]\nmax_new_tokens = 12\n'
ROWS = ("the cat", "a red ball", "Tom and Lily")
DOWN_TO_BODY = 6
"""Lines, from the first of a new template."""
DOWN_TO_DIVERSITY = 10
"""Fields, from that of the file."""


def program() -> Terminal:
    env = {name: os.environ[name] for name in ("HOME", "TUNESMITH_HOME", "HF_HOME", "HF_HUB_OFFLINE")}
    argv = [sys.executable, "-P", "-m", "tui", "--model", "starter", "--template", "once"]
    return Terminal(argv, columns=120, lines=36, env=env, cwd=ROOT)


@pytest.mark.timeout(600)
def test_compare_two_templates_use_the_winner_and_chat(home: Path, paths: Paths) -> None:
    paths.templates.mkdir(parents=True)
    (paths.templates / "once.toml").write_text(ONCE)
    rows = home / "rows.txt"
    rows.write_text("\n".join(ROWS) + "\n")
    with program() as terminal:
        terminal.wait_for("starter is listening", timeout_s=90)
        terminal.press("alt+t")
        terminal.wait_for("Template studio")
        terminal.press("ctrl+n")
        terminal.wait_for("What is the new template called?")
        terminal.type("Bird")
        terminal.press("enter")
        terminal.wait_for("bird.toml · saved")
        terminal.press(*["down"] * DOWN_TO_BODY)
        terminal.type("The bird said ")
        terminal.wait_for("The bird said Tell me")
        terminal.press("alt+l")
        terminal.wait_for("0 rows × 2 columns")
        terminal.press("f")
        terminal.wait_for("Set up the lab")
        terminal.type(str(rows))
        terminal.wait_for("It begins: the cat")
        terminal.press(*["down"] * DOWN_TO_DIVERSITY)
        terminal.press("space")
        terminal.wait_for(lambda screen: re.search(r"Different word pairs\s+\[✓\]", screen) is not None)
        terminal.press("ctrl+s")
        terminal.wait_for("3 rows × 2 columns")
        terminal.press("r")
        terminal.wait_for("● Complete", timeout_s=300)
        terminal.wait_for("rows are few")
        assert "★ diversity" in terminal.screen()
        terminal.press("w")
        terminal.wait_for("The chat asks like")
        terminal.type("a small dog")
        terminal.press("enter")
        terminal.wait_for("tok/s", timeout_s=60)
        os.kill(terminal.pid, signal.SIGKILL)
        assert forbidden_bytes(terminal.raw) == []
    with program() as terminal:
        terminal.wait_for("starter is listening", timeout_s=90)
        terminal.press("alt+l")
        terminal.wait_for("● Complete", timeout_s=60)
        # What was finished is there after a kill, and kept.
        terminal.wait_for(lambda screen: screen.count("◇") > 2 * len(ROWS))
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0
        assert forbidden_bytes(terminal.raw) == []
