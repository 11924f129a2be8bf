"""A disk on which writing a template takes as long as a test wants."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.templates import authoring
from engine.templates.examination import Examined, examine
from tui.screens.studio import examining

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


class SlowLook:
    """Rendering takes as long as the `with` block."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._free = threading.Event()
        self._free.set()
        monkeypatch.setattr(examining, "examine", self._slow)

    def _slow(self, *args: Any, **options: Any) -> Examined:
        assert self._free.wait(DEADLINE_S), "nobody ended the block: is its loop waiting for the look?"
        return examine(*args, **options)

    def __enter__(self) -> None:
        self._free.clear()

    def __exit__(self, *_: object) -> None:
        self._free.set()
