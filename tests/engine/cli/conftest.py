"""A way to run the command line in this process, and one in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from engine.cli import app as cli
from tests.fakes.hub import FakeHub, running_hub


class Outcome:
    """What a command did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        """What it printed, as one JSON value."""
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        """What it printed, as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Outcome]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process."""

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = cli.main(arguments, lambda *_: 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A fake hub for commands in processes of their own."""
    with running_hub() as running:
        yield running


def start(arguments: Sequence[str], **environ: str) -> subprocess.Popen[str]:
    """Start a command in a process of its own, which may use the network of this machine."""
    inherited = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "engine.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=inherited | {"NO_PROXY": "127.0.0.1"} | environ,
    )


def finish(process: subprocess.Popen[str]) -> Outcome:
    """Wait for a command and take what it said."""
    out, err = process.communicate(timeout=60)
    return Outcome(process.returncode, out, err)
