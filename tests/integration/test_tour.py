"""The first minute of somebody new: an empty home, no network, a real terminal, and the real model and trainer."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from engine.paths import Paths
from engine.runs import RunFolder, list_runs, read_events
from engine.runs.events import ProbeSampled, StepDone
from engine.starter import PROBES
from tests.integration.conftest import ROOT
from tests.terminal import Terminal, forbidden_bytes

pytestmark = [pytest.mark.terminal, pytest.mark.torch, pytest.mark.slow, pytest.mark.timeout(600)]
TUNESMITH = Path(sys.executable).with_name("tunesmith")
LESSON_S = 240


def opened(home: Path, *arguments: str, columns: int = 120) -> Terminal:
    """The program as it is installed, with a folder for temporary files that can be looked into."""
    (home / "temporary").mkdir()
    env = {name: os.environ[name] for name in ("HOME", "TUNESMITH_HOME", "HF_HOME", "HF_HUB_OFFLINE")}
    env["TMPDIR"] = str(home / "temporary")
    return Terminal([TUNESMITH, *arguments], columns=columns, lines=40, env=env, cwd=ROOT)


def test_the_tour_of_the_command_line_comes_to_its_end_and_keeps_what_it_is_told_to(home: Path, paths: Paths) -> None:
    with opened(home, "tour", columns=200) as terminal:
        terminal.wait_for("1 of 3")
        terminal.press("enter")
        terminal.wait_for("2 of 3", timeout_s=90)
        terminal.press("enter")
        terminal.wait_for("3 of 3", timeout_s=LESSON_S)
        terminal.press("enter")
        terminal.wait_for("Keep what it learned", timeout_s=90)
        screen = terminal.screen()
        told = re.findall(r"(before|after) +(.+)", screen)
        assert [when for when, _ in told] == ["before", "after"] * len(PROBES)
        assert all(re.match("Arr+, matey!", reply) for when, reply in told if when == "after")
        assert not any(re.match("Arr+, matey!", reply) for when, reply in told if when == "before")
        fell = re.search(r"The loss fell from ([\d.]+) to ([\d.]+\d)", screen)
        assert fell
        assert float(fell[2]) < float(fell[1]) / 2
        terminal.type("y\n")
        assert terminal.wait_for_exit(timeout_s=60) == 0
        assert "tunesmith models get gpt2" in terminal.screen()
        assert forbidden_bytes(terminal.raw) == []
    assert [(run.name, run.state.state) for run in list_runs(paths.runs)] == [("tour", "finished")]
    assert list((home / "temporary").iterdir()) == []
    assert_the_lesson_made_a_pirate(RunFolder(paths.runs / "tour"))


def assert_the_lesson_made_a_pirate(run: RunFolder) -> None:
    """What was learned, by the figures and the answers that the trainer itself wrote down."""
    events = read_events(run.events_file, limit_bytes=10**8).events
    losses = [event.loss for event in events if isinstance(event, StepDone)]
    assert losses[-1] < losses[0] / 3
    told = [event for event in events if isinstance(event, ProbeSampled)]
    before = [event.text.strip() for event in told if event.step == 0]
    after = [event.text.strip() for event in told if event.step == len(losses)]
    assert len(before) == len(after) == len(PROBES)
    assert not any(re.match("Arr+, matey!", text) for text in before)
    assert all(re.match("Arr+, matey!", text) for text in after), after


def test_the_tour_of_the_program_is_taken_from_its_card_and_leaves_nothing(home: Path, paths: Paths) -> None:
    with opened(home) as terminal:
        terminal.wait_for("Take the tour", timeout_s=60)
        terminal.wait_for("starter is listening", timeout_s=90)
        terminal.press("enter")
        terminal.wait_for("1 of 3 · Meet it")
        terminal.wait_for(lambda screen: re.search(r"◆ starter · \d", screen) is not None, timeout_s=90)
        terminal.press("enter")
        terminal.wait_for("2 of 3 · Teach it", timeout_s=90)
        terminal.press("enter")
        terminal.wait_for(lambda screen: re.search(r"step [1-9]\d* of \d+ · loss", screen) is not None, LESSON_S)
        terminal.type("Hello\n")  # one can go on talking meanwhile
        terminal.wait_for(lambda screen: "▌ Hello" in screen, timeout_s=60)
        terminal.wait_for("3 of 3 · Ask again", timeout_s=LESSON_S)
        terminal.press("enter")
        terminal.wait_for("Before and after", timeout_s=90)
        assert len(re.findall("Arr+, matey!", terminal.screen())) >= len(PROBES)
        terminal.press("escape")
        terminal.wait_until_gone("Before and after")
        terminal.wait_for("starter is listening")
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit(timeout_s=60) == 0
        assert forbidden_bytes(terminal.raw) == []
    assert list((home / "temporary").glob(".tour-*")) == []
    assert not paths.runs.exists()
