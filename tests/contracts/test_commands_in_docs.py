"""What the pages tell to type is what the program takes, and what they show as run does run."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import typer
from typer._click.exceptions import UsageError  # typer has no public name for what its parser raises

from engine.cli.app import build_app
from tests.contracts.pages import PAGES, SHELLS, Block, blocks, commands
from tests.contracts.repository import ROOT

BLOCKS = [block for page in PAGES for block in blocks(page)]
SHELL_BLOCKS = [block for block in BLOCKS if block.language in SHELLS]
OTHERS = {"pipx", "pip", "python3", "cat", "echo"}
"""Programs of the system, for which nobody here can vouch."""
MODULES = {"tui", "engine", "starter", "tests", "bench", "docs", "pytest"}
WITH_A_MODEL = {"docs/inside.md", "docs/using.md", "docs/starter.md"}
"""Pages whose blocks load or train a model."""
RUN = sorted({block.page for block in BLOCKS if block.runs})
BIN = Path(sys.executable).parent
TIMEOUT_S = 900


def place(block: Block) -> str:
    return f"{block.page}:{block.line}"


def targets() -> set[str]:
    return set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def check_tunesmith(arguments: list[str]) -> None:
    """Find the command, and read its arguments as it would; nothing is done.

    Raises:
        UsageError: There is no such command or option, or a value can't be read.
    """
    command: Any = typer.main.get_command(build_app(lambda *_: 0))
    context = command.context_class(command, info_name="tunesmith")
    while hasattr(command, "get_command") and arguments and not arguments[0].startswith("-"):
        name, *arguments = arguments
        found = command.get_command(context, name)
        assert found is not None, f"no command {name}"
        command, context = found, found.context_class(found, info_name=name, parent=context)
    command.make_context(context.info_name, list(arguments), parent=context.parent)


def check(words: list[str]) -> None:
    """Check one command."""
    program, *arguments = words
    name = Path(program).name
    if name == "tunesmith":
        check_tunesmith(arguments)
    elif name == "make":
        assert {word for word in arguments if "=" not in word} <= targets()
    elif name == "python" and "-m" in arguments:
        module = arguments[arguments.index("-m") + 1]
        assert module.split(".")[0] in MODULES
        assert importlib.util.find_spec(module) is not None, module
    else:
        assert name in OTHERS, f"`{name}`: what is that?"


@pytest.mark.parametrize("block", SHELL_BLOCKS, ids=place)
def test_commands_are_those_of_the_program(block: Block) -> None:
    for words in commands(block.text):
        try:
            check(words)
        except (UsageError, AssertionError) as error:
            pytest.fail(f"{' '.join(words)}\n{error}")


@pytest.mark.parametrize("block", [block for block in BLOCKS if not block.language], ids=place)
def test_commands_stand_in_blocks_that_are_checked(block: Block) -> None:
    first = block.text.split(maxsplit=1)[0]
    assert first not in ("tunesmith", "make", "$", "pip", "python"), "mark it as ```console"


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "python"], ids=place)
def test_python_is_python(block: Block) -> None:
    ast.parse(block.text)


@pytest.mark.parametrize(
    "words",
    [
        "tunesmith frobnicate",
        "tunesmith runs frobnicate",
        "tunesmith generate --model gpt2 --prompt Hi --frobnicate",
        "tunesmith generate --model gpt2 --prompt Hi --top-k many",
        "make frobnicate",
        "python -m engine.frobnicate",
        "frobnicate",
    ],
)
def test_a_command_that_is_not_there_is_found(words: str) -> None:
    with pytest.raises((UsageError, AssertionError)):
        check(words.split())


def test_a_line_is_taken_apart_as_a_shell_does() -> None:
    line = 'A=1 echo "a # b | c" | tunesmith generate --prompt - > out.md && make x  # and a comment\n\n# alone'
    assert commands(line) == [["echo", "a # b | c"], ["tunesmith", "generate", "--prompt", "-"], ["make", "x"]]


def run_page(page: str, home: Path) -> None:
    """Run what a page shows as run, in order, in a folder of its own; fail where a command does."""
    folder = home / "page"
    folder.mkdir()
    environ = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    for is_python, steps in groupby(_steps(page, folder), key=lambda block: block.language == "python"):
        parts = list(steps)
        text = "\n".join(block.text for block in parts)
        argv = [sys.executable, "-"] if is_python else ["bash", "-euo", "pipefail", "-s"]
        result = subprocess.run(
            argv, input=text, cwd=folder, env=environ, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        assert result.returncode == 0, f"{place(parts[0])}\n{text}\n{result.stdout}\n{result.stderr}"


def _steps(page: str, folder: Path) -> list[Block]:
    """What is to be run, in order; neighbours of one language are run in one go, as importing torch takes seconds."""
    for block in blocks(ROOT / page):
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
    return [block for block in blocks(ROOT / page) if block.runs]


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT_S)
@pytest.mark.parametrize("page", [page for page in RUN if page not in WITH_A_MODEL])
def test_what_a_page_runs_does_run(page: str, home: Path) -> None:
    run_page(page, home)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.timeout(TIMEOUT_S)
@pytest.mark.parametrize("page", [page for page in RUN if page in WITH_A_MODEL])
def test_what_a_page_runs_with_a_model_does_run(page: str, home: Path) -> None:
    run_page(page, home)
