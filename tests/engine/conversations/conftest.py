"""A store in this test's own home, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.conversations import Store
from engine.paths import Paths


class Clock:
    """Time that passes only when told to, a second at a time unless said otherwise."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s

    def tick(self, seconds: float = 1.0) -> None:
        """Let time pass."""
        self.now_s += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(paths: Paths) -> Path:
    return paths.conversations_file


@pytest.fixture
def store(file: Path, clock: Clock) -> Iterator[Store]:
    opened = Store.open(file, clock=clock)
    yield opened
    opened.close()
