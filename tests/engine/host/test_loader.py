"""Which model is there while another one comes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine.errors import Cancelled, LoadFailed
from engine.host.lanes import Job, guarded
from engine.host.loader import Loader
from engine.paths import Paths
from engine.protocol import AnyCommand, AnyEvent, Failed, LoadModel, LoadProgress, ModelReady, ModelUnloaded
from tests.engine.inference.conftest import save_tiny

pytestmark = pytest.mark.torch


def job(command: AnyCommand) -> Job:
    return Job(command, threading.Event())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny", "gpt2")


@pytest.fixture
def loader(paths: Paths, folder: Path) -> Loader:
    """With a model."""
    imported = threading.Event()
    imported.set()
    loader = Loader(paths, imported)
    assert isinstance(list(loader.handle(job(LoadModel(id=1, ref=str(folder)))))[-1], ModelReady)
    return loader


def test_the_old_model_stays_until_the_new_one_is_ready(loader: Loader, folder: Path) -> None:
    old = loader.current
    for event in loader.handle(job(LoadModel(id=2, ref=str(folder)))):
        if isinstance(event, LoadProgress):
            assert loader.current is old
    assert loader.current is not None
    assert loader.current is not old


def test_the_old_model_goes_first_where_memory_is_short(
    loader: Loader, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.inference.runtime.free_memory_bytes", lambda device: 0)
    seen = []
    for event in loader.handle(job(LoadModel(id=2, ref=str(folder)))):
        if isinstance(event, LoadProgress) and event.stage == "reading":
            seen.append(loader.current)
    assert seen == [None]
    assert loader.current is not None


def test_a_load_that_fails_after_the_old_model_went_says_so(
    loader: Loader, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise LoadFailed("It can't be read", "Get it again")

    monkeypatch.setattr("engine.inference.runtime.free_memory_bytes", lambda device: 0)
    monkeypatch.setattr("engine.inference.loading.open_weights", fail)
    events: list[AnyEvent] = list(guarded(loader.handle, job(LoadModel(id=2, ref=str(folder)))))
    assert events[-2] == ModelUnloaded(id=0)
    assert isinstance(events[-1], Failed)
    assert loader.current is None


def test_a_cancelled_load_is_left_behind_and_the_next_one_waits_for_it(
    loader: Loader, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, may_end = threading.Event(), threading.Event()
    old = loader.current

    def slow(*args: object, **options: object) -> None:
        going.set()
        assert may_end.wait(30)

    with monkeypatch.context() as patch:
        patch.setattr("engine.inference.loading.open_weights", slow)
        first = job(LoadModel(id=2, ref=str(folder)))

        def cancel() -> None:
            assert going.wait(30)
            first.cancelled.set()

        canceller = threading.Thread(target=cancel)
        canceller.start()
        with pytest.raises(Cancelled):
            list(loader.handle(first))
        canceller.join()
        assert loader.current is old
    second = job(LoadModel(id=3, ref=str(folder)))
    events = loader.handle(second)
    assert isinstance(next(events), LoadProgress)
    may_end.set()
    assert isinstance(list(events)[-1], ModelReady)
    assert loader.current is not old


def test_a_load_that_fails_at_once_says_that_the_old_model_went(
    loader: Loader, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise LoadFailed("It can't be read", "Get it again")

    class Prompt(threading.Thread):
        """A thread that is through before its starter goes on."""

        def start(self) -> None:
            super().start()
            self.join(30)

    monkeypatch.setattr("engine.inference.runtime.free_memory_bytes", lambda device: 0)
    monkeypatch.setattr("engine.inference.loading.open_weights", fail)
    monkeypatch.setattr("engine.host.loader.threading.Thread", Prompt)
    events: list[AnyEvent] = list(guarded(loader.handle, job(LoadModel(id=2, ref=str(folder)))))
    assert events[-2] == ModelUnloaded(id=0)
    assert isinstance(events[-1], Failed)


class Panic(BaseException):
    """As a panic of a library in Rust comes: not an `Exception`."""


def test_a_panic_after_the_old_model_went_says_both(
    loader: Loader, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def panic(*args: object, **options: object) -> None:
        raise Panic("index out of bounds")

    monkeypatch.setattr("engine.inference.runtime.free_memory_bytes", lambda device: 0)
    monkeypatch.setattr("engine.inference.loading.open_weights", panic)
    events: list[AnyEvent] = list(guarded(loader.handle, job(LoadModel(id=2, ref=str(folder)))))
    assert events[-2] == ModelUnloaded(id=0)
    assert isinstance(events[-1], Failed)
    assert "index out of bounds" in events[-1].title


def test_a_load_that_nobody_listens_to_any_more_is_left_behind_and_dropped(
    loader: Loader, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    old = loader.current

    def slow(*args: object, **options: object) -> None:
        assert may_end.wait(30)

    with monkeypatch.context() as patch:
        patch.setattr("engine.inference.loading.open_weights", slow)
        first = job(LoadModel(id=2, ref=str(folder)))
        events = iter(loader.handle(first))
        assert isinstance(next(events), LoadProgress)
        events.close()  # type: ignore[attr-defined]
        assert first.cancelled.is_set()
    assert loader.current is old
    may_end.set()
    assert isinstance(list(loader.handle(job(LoadModel(id=3, ref=str(folder)))))[-1], ModelReady)
