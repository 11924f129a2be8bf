"""The commands and options that scripts rely on are there, and errors end as promised."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.launcher import main

TUNESMITH = Path(sys.executable).with_name("tunesmith")
OPTIONS = {
    "": ["--model", "--template", "--run"],
    "generate": [
        "--model",
        "--prompt",
        "--template",
        "--var",
        "--max-new-tokens",
        "--temperature",
        "--top-k",
        "--top-p",
        "--seed",
        "--json",
    ],
    "tour": ["--keep", "--json"],
    "templates list": ["--json"],
    "templates show": ["--json"],
    "templates render": ["--json"],
    "templates check": ["--json"],
    "models list": ["--json"],
    "models show": ["--json"],
    "models get": ["--json"],
    "models delete": [],
    "chats list": ["--json"],
    "chats show": ["--json"],
    "chats search": ["--json"],
    "chats export": [],
    "chats delete": [],
    "tune": [
        "--model",
        "--data",
        "--split",
        "--text-column",
        "--prompt-column",
        "--completion-column",
        "--label-column",
        "--template",
        "--method",
        "--epochs",
        "--max-steps",
        "--learning-rate",
        "--batch-tokens",
        "--max-length",
        "--eval-fraction",
        "--seed",
        "--name",
        "--launcher",
        "--follow",
        "--json",
    ],
    "runs list": ["--json"],
    "runs show": ["--json"],
    "runs follow": ["--json"],
    "runs resume": ["--follow"],
    "lab run": ["--json", "--export", "--rows", "--force"],
    "lab show": ["--json", "--export"],
    "lab list": ["--json"],
    "lab delete": ["--json"],
    "doctor": ["--full", "--json"],
}
COMMANDS = {
    "": ["generate", "tune", "runs", "templates", "models", "chats", "lab", "doctor"],
    "runs": ["list", "show", "follow", "pause", "resume", "stop", "delete", "rename"],
    "templates": ["list", "show", "render", "check"],
    "models": ["list", "show", "get", "delete"],
    "chats": ["list", "show", "search", "export", "delete"],
    "lab": ["run", "show", "list", "delete"],
}


def tunesmith(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TUNESMITH, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def help_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Ask for the help of a command, in this process, where it takes milliseconds."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TYPER_USE_RICH", "false")

    def ask(command: str) -> str:
        assert main([*command.split(), "--help"]) == 0
        return capsys.readouterr().out

    return ask


@pytest.mark.parametrize("command", OPTIONS, ids=lambda command: command or "tunesmith")
def test_a_command_has_its_options(command: str, help_of: Callable[[str], str]) -> None:
    words = set(re.findall(r"--[\w-]+", help_of(command)))
    assert set(OPTIONS[command]) - words == set()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command or "tunesmith")
def test_a_group_has_its_commands(command: str, help_of: Callable[[str], str]) -> None:
    words = set(re.findall(r"\w+", help_of(command)))
    assert set(COMMANDS[command]) - words == set()


def test_help_is_data_and_not_narration() -> None:
    result = tunesmith("--help")
    assert result.stdout
    assert result.stderr == ""


@pytest.mark.slow
def test_a_misused_command_ends_with_2_and_says_so_on_stderr() -> None:
    result = tunesmith("generate", "--no-such-option")
    assert result.returncode == 2
    assert result.stdout == ""
    assert "--no-such-option" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unknown_model_ends_with_3_and_a_way_out() -> None:
    result = tunesmith("models", "show", "no-such-model-anywhere")
    assert result.returncode == 3
    assert result.stdout == ""
    assert "no-such-model-anywhere" in result.stderr
    assert "Traceback" not in result.stderr
