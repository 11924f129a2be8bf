"""Tiny random models, a few rows of text, and trainers in forked processes, which need not import torch anew."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.corpus.spec import DataSpec
from engine.paths import Paths
from engine.runs import Plan, RunFolder, create, read_events
from engine.runs.events import AnyRunEvent, RunEvent, UnknownRunEvent
from engine.runs.lock import TrainerLock

_DEADLINE_S = 100.0
_WORDS = ("river", "stone", "lantern", "quiet", "orange", "bridge", "seven", "listens", "walks", "over", "the", "a")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where tests with torch are left out, don't even import them: torch takes seconds."""
    heavy = collection_path.suffix == ".py" and collection_path.name.startswith("test_")
    return True if heavy and "not torch" in str(config.getoption("markexpr", "")) else None


def sentences(count: int) -> list[str]:
    """Texts of different lengths, always the same."""
    state, texts = 7, []
    for _ in range(count):
        words = []
        state = (state * 1103515245 + 12345) % 2**31
        for _ in range(3 + state % 23):
            state = (state * 1103515245 + 12345) % 2**31
            words.append(_WORDS[(state >> 8) % len(_WORDS)])
        texts.append(" ".join(words) + ".")
    return texts


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    from tests.engine.inference.conftest import save_tiny

    root = tmp_path_factory.mktemp("models")
    return {name: save_tiny(root / name, name, context=128) for name in ("gpt2", "llama")}


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in sentences(80)), encoding="utf-8")
    return file


@pytest.fixture
def make_plan(models: dict[str, Path], rows: Path) -> Callable[..., Plan]:
    def make(model: str = "gpt2", **changes: Any) -> Plan:
        plan = Plan(
            model=str(models[model]),
            data=DataSpec(source=str(rows), text_column="text", eval_fraction=0.1),
            method="full",
            max_steps=12,
            batch_tokens=256,
            pack_tokens=128,
            max_length=64,
            evaluate_every=3,
            probe_tokens=4,
            threads=1,
            polite=False,
            device="cpu",
            seed=3,
        )
        return msgspec.structs.replace(plan, **changes)

    return make


class Nursery:
    """Trains runs in forked children, and ends what is left of them."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._children: set[int] = set()

    def create(self, plan: Plan, name: str = "") -> RunFolder:
        return create(self._runs, plan, name)

    def start(self, run: RunFolder, prepare: Callable[[], None] = lambda: None) -> int:
        """Begin or go on; returns the child's id."""
        child = os.fork()
        if child:
            self._children.add(child)
            return child
        code = 70
        try:
            log = os.open(run.log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            os.dup2(log, 1)
            os.dup2(log, 2)
            sys.stdout = sys.stderr = os.fdopen(os.dup(log), "w", buffering=1)
            prepare()
            lock = TrainerLock.take(run.lock_file)
            from engine.training.session import train

            code = train(run)
            lock.release()
        finally:
            os._exit(code)

    def finish(self, child: int) -> int:
        """Wait for a child's end; returns its exit code, negative for a signal."""
        deadline = time.monotonic() + _DEADLINE_S
        while time.monotonic() < deadline:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                self._children.discard(child)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        raise AssertionError("the trainer did not end in time")

    def train(self, run: RunFolder) -> list[AnyRunEvent]:
        """Train to the end and return all events."""
        code = self.finish(self.start(run))
        assert code == 0, run.log_file.read_text()
        return self.events(run)

    def wait_for(self, run: RunFolder, child: int, condition: Callable[[list[AnyRunEvent]], bool]) -> list[AnyRunEvent]:
        """Wait until the events meet a condition, or the child is over."""
        deadline = time.monotonic() + _DEADLINE_S
        while time.monotonic() < deadline:
            events = self.events(run)
            if condition(events):
                return events
            if child in self._children and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return self.events(run)
            time.sleep(0.002)
        raise AssertionError(f"it did not come to that: {self.events(run)[-3:]}\n{run.log_file.read_text()[-2000:]}")

    def kill(self, child: int) -> None:
        os.kill(child, signal.SIGKILL)
        self.finish(child)

    def events(self, run: RunFolder) -> list[AnyRunEvent]:
        events = read_events(run.events_file, limit_bytes=10**8).events
        return [event for event in events if not isinstance(event, UnknownRunEvent)]

    def close(self) -> None:
        for child in set(self._children):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


@pytest.fixture
def nursery(paths: Paths) -> Iterator[Nursery]:
    import torch

    from engine.inference.runtime import import_libraries

    torch.set_num_threads(1)  # threads do not survive a fork
    import_libraries()
    import engine.training.session  # noqa: F401 - once, not in each child

    nursery = Nursery(paths.runs)
    yield nursery
    nursery.close()


def kinds(events: list[AnyRunEvent]) -> list[str]:
    """The types of events, by name."""
    return [type(event).__name__ for event in events]


def only(events: list[AnyRunEvent], kind: type[RunEvent]) -> list[Any]:
    """Those of one type."""
    return [event for event in events if isinstance(event, kind)]
