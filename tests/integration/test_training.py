"""Teaching a model through a real terminal: start, watch, chat meanwhile, leave, come back, talk to what came out."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.paths import Paths
from engine.runs import read_state
from engine.runs.lock import is_locked
from engine.runs.store import run_folders
from tests.integration.conftest import ROOT
from tests.terminal import Terminal, forbidden_bytes
from tui.state.tune_form import FIELDS

pytestmark = [pytest.mark.terminal, pytest.mark.torch]
ROWS = 1_200


def program() -> Terminal:
    env = {name: os.environ[name] for name in ("HOME", "TUNESMITH_HOME", "HF_HOME", "HF_HUB_OFFLINE")}
    argv = [sys.executable, "-P", "-m", "tui", "--model", "starter", "--template", "plain"]
    return Terminal(argv, columns=130, lines=44, env=env, cwd=ROOT)


def at_step(least: int) -> Callable[[str], bool]:
    def shown(screen: str) -> bool:
        found = re.search(r"step ([\d,]+) of", screen)
        return found is not None and int(found[1].replace(",", "")) >= least

    shown.__name__ = f"step {least} or a later one"
    return shown


def be_impolite(terminal: Terminal) -> None:
    """Ask for a run that gives way to nobody, as somebody waits for it; the setting is one of those folded away."""
    folded = [field.name for field in FIELDS if field.group and field.method in (None, "lora")]
    place = folded.index("polite")
    terminal.press("up", "up", "enter", *["down"] * (1 + place), "space")
    terminal.wait_for(lambda screen: re.search(r"• Polite\s+\[ \]", screen) is not None)
    terminal.press(*["down"] * (len(folded) - place + 1))  # around, to the data


@pytest.mark.timeout(600)
def test_teach_watch_chat_leave_and_come_back(home: Path, paths: Paths) -> None:
    lesson = home / "lesson.jsonl"
    rows = ({"text": f"The {number}th robot says beep, beep and boop."} for number in range(ROWS))
    lesson.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with program() as terminal:
        terminal.wait_for("starter is listening", timeout_s=90)
        terminal.press("f9")
        terminal.wait_for("Teach a model")
        be_impolite(terminal)
        terminal.type(str(lesson))
        terminal.wait_for("of starter on lesson.jsonl, 3 epochs")
        terminal.press("ctrl+s")
        terminal.wait_until_gone("Teach a model", timeout_s=60)
        terminal.wait_for(at_step(3), timeout_s=120)
        curve = terminal.screen()
        terminal.type("Once there was")
        terminal.press("enter")
        terminal.wait_for("tok/s", timeout_s=60)
        terminal.wait_for(at_step(6), timeout_s=120)
        assert terminal.screen() != curve
        terminal.press("ctrl+q")
        terminal.wait_for_exit()
        assert forbidden_bytes(terminal.raw) == []
    [run] = run_folders(paths.runs)
    assert is_locked(run.lock_file), "the run goes on without the program"
    left_at = read_state(run).step
    with program() as terminal:
        terminal.wait_for(at_step(left_at), timeout_s=60)
        terminal.wait_for("Finished", timeout_s=400)
        terminal.press("f7")
        terminal.wait_for("Checkpoints")
        terminal.press("enter")
        terminal.wait_for(f"◆ run:{run.name[:8]}", timeout_s=60)
        terminal.type("The 7th robot")
        terminal.press("enter")
        terminal.wait_for("tok/s", timeout_s=60)
        terminal.wait_for(lambda screen: "beep" in screen or "boop" in screen)
        terminal.press("ctrl+q")
        terminal.wait_for_exit()
        assert forbidden_bytes(terminal.raw) == []
