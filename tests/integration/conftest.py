"""The program on a real pseudo-terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terminal import Terminal

Start = Callable[..., Terminal]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def start(home: Path) -> Start:
    """Start the program on a fake host; options are the host's, as `start(token_delay_s=0.01)`."""

    def run(*, model: str = "fake", columns: int = 120, lines: int = 40, **options: object) -> Terminal:
        env = {name: os.environ[name] for name in ("HOME", "TUNESMITH_HOME", "HF_HOME", "HF_HUB_OFFLINE")}
        env |= {f"FAKE_HOST_{name.upper()}": str(value) for name, value in options.items()}
        argv = [sys.executable, "-m", "tests.integration.program", *([model] if model else [])]
        return Terminal(argv, columns=columns, lines=lines, env=env, cwd=ROOT)

    return run
