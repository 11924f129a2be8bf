"""Teaching a model from the chat: the form, the look at data, and what becomes of what was typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.paths import Paths
from engine.runs import RunFolder, list_runs
from engine.runs.plan import read_plan
from tests.fakes.data import fake_data
from tests.tui.conftest import Program
from tests.tui.dialogs.training import Trainers
from tui.screens.data_inspector import DataInspector
from tui.screens.tune import TuneForm
from tui.services import Services
from tui.widgets.dock import Dock

Start = Callable[..., Any]


@pytest.fixture
def trainers(monkeypatch: pytest.MonkeyPatch) -> Trainers:
    """No real trainer is started, and data is fake."""
    trainers = Trainers()
    monkeypatch.setattr("tui.screens.chat.ChatScreen.start_trainer", staticmethod(trainers))
    monkeypatch.setattr(Services, "read_data", _fake_reader(Services.read_data))
    return trainers


def _fake_reader(real: Callable[[Services], Any]) -> Callable[[Services], Any]:
    def read(self: Services) -> Any:
        values = {field: getattr(self, field) for field in self.__struct_fields__} | {"data_argv": fake_data()}
        return real(Services(**values))

    return read


def form_of(program: Program) -> TuneForm:
    screen = program.app.screen
    assert isinstance(screen, TuneForm)
    return screen


def notices(program: Program) -> str:
    return "\n".join(notice.message for notice in program.app._notifications)


async def open_form(program: Program) -> TuneForm:
    await program.pilot.press("f9")
    await program.until(lambda: isinstance(program.app.screen, TuneForm), "the form")
    await program.pilot.pause()
    return form_of(program)


async def test_a_run_that_was_started_is_told_in_words_where_the_panel_has_no_room(start: Start) -> None:
    async with start(model="fake", size=(90, 40)) as program:
        await program.ready()
        program.screen.run_started("first")
        await program.until(lambda: "first has begun." in notices(program), "the notice")
        assert not program.screen.query_one(Dock).display


async def test_a_model_is_taught_while_it_is_talked_to(start: Start, trainers: Trainers, paths: Paths) -> None:
    async with start(model="fake") as program:
        await program.ready()
        form = await open_form(program)
        assert form.typed_plan().model == "fake"
        await program.pilot.press(*"/data/reviews.jsonl", "ctrl+s")
        await program.until(lambda: program.app.screen is program.screen, "the chat")
        [run] = trainers.begun
        assert read_plan(run.plan_file).data.source == "/data/reviews.jsonl"
        assert [one.name for one in list_runs(paths.runs)] == [run.name]
        await program.until(lambda: program.screen.run_view is not None, "the run in the panel")
        assert program.screen.run_view.name == run.name
        assert program.screen.query_one(Dock).display
        assert run.name not in notices(program)  # which would cover the panel
        await program.say("Hello")
        assert len(program.texts()) == 2


async def test_what_was_typed_is_there_again(start: Start, trainers: Trainers) -> None:
    async with start(model="fake") as program:
        await program.ready()
        form = await open_form(program)
        await program.pilot.press(*"/data/reviews.jsonl", "down", "right", "escape")
        await program.until(lambda: program.app.screen is program.screen, "the chat")
        form = await open_form(program)
        plan = form.typed_plan()
        assert (plan.data.source, plan.method) == ("/data/reviews.jsonl", "full")
    assert trainers.begun == []


async def test_the_slash_command_and_a_slash_that_is_looked_at(start: Start, trainers: Trainers) -> None:
    async with start(model="fake") as program:
        await program.ready()
        program.composer.put("/data")
        await program.pilot.press("enter")
        await program.until(lambda: isinstance(program.app.screen, DataInspector), "the inspector")
        await program.pilot.pause()
        await program.pilot.press(*"/data/reviews.jsonl", "enter")
        inspector = program.app.screen
        await program.until(lambda: "Row 1 ·" in shown(program), "the first row")
        await program.pilot.press("ctrl+s")
        await program.until(lambda: program.app.screen is not inspector, "the form")
        await program.pilot.pause()
        assert form_of(program).typed_plan().data.source == "/data/reviews.jsonl"
        await program.pilot.press("ctrl+s")
        await program.until(lambda: bool(trainers.begun), "the start")


async def test_a_run_is_repeated_with_a_change(start: Start, trainers: Trainers, tmp_path: Path) -> None:
    from engine.corpus.spec import DataSpec
    from engine.runs import Plan

    old = Plan(model="gpt2", data=DataSpec(source=str(tmp_path / "reviews.jsonl")), epochs=2, method="full")
    async with start(model="fake") as program:
        await program.ready()
        program.screen.action_tune(old)
        await program.until(lambda: isinstance(program.app.screen, TuneForm), "the form")
        await program.pilot.pause()
        assert form_of(program).typed_plan() == old
        await program.pilot.press("ctrl+s")
        await program.until(lambda: bool(trainers.begun), "the start")
        run: RunFolder = trainers.begun[0]
        assert read_plan(run.plan_file) == old


def shown(program: Program) -> str:
    return "\n".join(strip.text for strip in program.app.screen._compositor.render_strips())
