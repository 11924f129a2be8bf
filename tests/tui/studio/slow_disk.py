"""A disk on which writing a template takes as long as a test wants."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.templates import authoring

DEADLINE_S = 20


class SlowDisk:
    """Holds every save until it is released; a loop that waits for one is told so by an error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.released = threading.Event(), threading.Event()
        self._save = authoring.save
        monkeypatch.setattr(authoring, "save", self._slow)

    def _slow(self, file: Path, text: str, before: str | None) -> None:
        self.begun.set()
        assert self.released.wait(DEADLINE_S), "nobody released the disk: is its caller waiting for it?"
        self._save(file, text, before)

    @contextlib.contextmanager
    def during(self, call: Callable[[], object]) -> Iterator[None]:
        """While `call` writes in a thread."""
        thread = threading.Thread(target=call)
        thread.start()
        assert self.begun.wait(DEADLINE_S)
        yield
        self.released.set()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()
