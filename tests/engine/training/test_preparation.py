"""What comes before the first step: told while it comes from the hub, and ended when somebody asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.corpus.spec import DataSpec
from engine.models.records import Progress
from engine.runs import Plan, ask, read_state
from engine.runs.control import write_request
from engine.runs.events import DataReady, Fetched, RowsRead, RunEvent, RunFinished, RunPaused, StepDone
from engine.runs.folder import RunFolder
from engine.training.preparation import Preparation
from tests.engine.training.conftest import Nursery, only
from tests.fakes.hub import FakeHub, Repo, running_hub

pytestmark = pytest.mark.torch
MakePlan = Callable[..., Plan]


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with running_hub() as hub:
        yield hub


@pytest.fixture
def reach(hub: FakeHub, tmp_path: Path, models: dict[str, Path]) -> Callable[[], None]:
    """Puts a model on the hub, of which half comes at first; lets a child see that hub."""
    files = {file.name: file.read_bytes() for file in models["gpt2"].iterdir() if file.is_file()}
    hub.repos["owner/small"] = Repo(files, trickle=threading.Event())

    def prepare() -> None:
        import os

        from huggingface_hub import constants

        constants.HF_HUB_OFFLINE = False
        os.environ.pop("HF_HUB_OFFLINE", None)
        os.environ |= {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "hf"), "NO_PROXY": "127.0.0.1"}

    return prepare


def is_coming(events: list[Any]) -> bool:
    return any(one.done_bytes > 0 for one in only(events, Fetched))


def test_the_bytes_of_a_hub_model_are_told_while_they_come(
    nursery: Nursery, make_plan: MakePlan, hub: FakeHub, reach: Callable[[], None]
) -> None:
    run = nursery.create(msgspec.structs.replace(make_plan(max_steps=2, preflight=False), model="owner/small"))
    child = nursery.start(run, reach)
    nursery.wait_for(run, child, is_coming)
    state = read_state(run)
    assert state.state == "preparing"
    assert state.words.startswith("The model comes from the hub: ")
    assert "(" in state.words
    repo = hub.repos["owner/small"]
    assert repo.trickle is not None
    repo.trickle.set()
    assert nursery.finish(child) == 0
    told = only(nursery.events(run), Fetched)
    assert {one.what for one in told} == {"model"}
    assert {one.total_bytes for one in told} == {sum(map(len, repo.files.values()))}
    assert read_state(run).state == "finished"


@pytest.mark.parametrize("request_", ["pause", "stop"])
def test_a_download_that_stands_still_is_ended_by_whoever_asks(
    nursery: Nursery, make_plan: MakePlan, hub: FakeHub, reach: Callable[[], None], request_: Any
) -> None:
    run = nursery.create(msgspec.structs.replace(make_plan(max_steps=2, preflight=False), model="owner/small"))
    child = nursery.start(run, reach)
    nursery.wait_for(run, child, is_coming)
    ask(run, request_)
    assert nursery.finish(child) == 0
    state = read_state(run)
    assert state.state == ("paused" if request_ == "pause" else "stopped")
    assert "before its first step" in state.words
    assert only(nursery.events(run), RunPaused if request_ == "pause" else RunFinished)[0].step == 0
    trickle = hub.repos["owner/small"].trickle
    assert trickle is not None
    trickle.set()
    assert nursery.finish(nursery.start(run, reach)) == 0
    assert read_state(run).state == "finished"
    assert [one.step for one in only(nursery.events(run), StepDone)] == [1, 2]


def test_the_bytes_of_a_hub_data_set_are_told_and_its_download_can_be_paused(
    nursery: Nursery, make_plan: MakePlan
) -> None:
    def slow_hub() -> None:
        import time

        from engine.data import hub
        from engine.errors import Cancelled

        def fetch(name: str, config: str, *, on_progress: Any, cancelled: Any) -> Any:
            on_progress(Progress(stage="downloading", done_bytes=5, total_bytes=20, bytes_per_s=1.0, eta_s=15.0))
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                if cancelled():
                    raise Cancelled("Cancelled")
            raise AssertionError("nobody cancelled")

        vars(hub)["fetch"] = fetch

    plan = make_plan(max_steps=2, preflight=False)
    run = nursery.create(msgspec.structs.replace(plan, data=DataSpec(source="owner/films")))
    child = nursery.start(run, slow_hub)
    nursery.wait_for(run, child, lambda events: bool(only(events, Fetched)))
    assert read_state(run).words == "The data comes from the hub: 5 B of 20 B (25%), 1 B/s, 15 s left"
    ask(run, "pause")
    assert nursery.finish(child) == 0
    assert read_state(run).state == "paused"


def test_a_request_during_the_rehearsal_is_heard_before_the_first_step(nursery: Nursery, make_plan: MakePlan) -> None:
    run = nursery.create(make_plan())
    child = nursery.start(run)
    nursery.wait_for(run, child, lambda events: bool(only(events, DataReady)))
    ask(run, "stop")
    assert nursery.finish(child) == 0
    steps = [one.step for one in only(nursery.events(run), StepDone)]
    assert steps in ([], [1])  # it may just have begun
    assert read_state(run).state == "stopped"


class Telling:
    """A preparation on a clock that is set by hand."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.now_s = 0.0
        self.told: list[RunEvent] = []
        self.run = RunFolder(folder)
        options = {"listens": True, "may_stop": True} | changes
        self.preparation = Preparation(self.run, self.told.append, clock=lambda: self.now_s, **options)


def test_progress_is_told_once_a_second_and_not_at_all_where_it_is_quick(tmp_path: Path) -> None:
    it = Telling(tmp_path)
    it.now_s = 0.9
    it.preparation.fetching("data")
    it.now_s = 1.4
    it.preparation.rows_read(500)
    assert it.told == []
    for tenth in range(20, 45):
        it.now_s = tenth / 10
        it.preparation.rows_read(tenth * 100)
    assert it.told == [RowsRead(rows=2000), RowsRead(rows=3000), RowsRead(rows=4000)]


@pytest.mark.parametrize(
    ("listens", "may_stop", "asked", "taken"),
    [
        (True, True, "stop", "stop"),
        (True, False, "stop", None),
        (True, False, "pause", "pause"),
        (True, True, "save", None),
        (False, True, "pause", None),
    ],
)
def test_what_is_asked_ends_it_or_waits_for_the_first_step(
    tmp_path: Path, listens: bool, may_stop: bool, asked: Any, taken: Any
) -> None:
    it = Telling(tmp_path, listens=listens, may_stop=may_stop)
    assert not it.preparation.is_ended()
    write_request(it.run.control_file, asked)
    assert it.preparation.is_ended() == (taken is not None)
    assert it.preparation.take_request() == taken
    assert it.run.control_file.exists() == (taken is None)
