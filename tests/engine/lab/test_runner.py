"""A table is filled, cell by cell, and never twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from engine.lab import Lab, LabRunner, LabStore, Row, Table, Variation
from engine.lab.events import (
    AnyLabEvent,
    CellDone,
    CellFailed,
    CellGrew,
    CellLost,
    CellStarted,
    LabEvent,
    LabFinished,
    LabPaused,
    LabResumed,
    LabStarted,
    ModelLoaded,
    ModelLoading,
)
from engine.lab.places import places_of
from engine.lab.records import LabelScores, Place, ReferenceScore, Reply
from engine.lab.runner import stored_table
from engine.lab.store import KEPT_S
from engine.paths import Paths
from engine.protocol import Sampling
from tests.engine.lab.conftest import filled, template

MakeRunner = Callable[..., LabRunner]
DEADLINE_S = 30.0
Kind = TypeVar("Kind", bound=LabEvent)


def only(kind: type[Kind], events: list[AnyLabEvent]) -> list[Kind]:
    return [event for event in events if isinstance(event, kind)]


def change(model: str, value: str = "") -> None:
    """Write other files to a model's folder, as a training does."""
    (Path(model) / "generation_config.json").write_text(f'{{"changed": "{value}"}}')


async def test_every_part_of_every_cell_is_answered(make_runner: MakeRunner, lab: Lab) -> None:
    events = await filled(make_runner(reply="It is good."), lab)
    done = only(CellDone, events)
    assert {(cell.row, cell.variation, cell.part) for cell in done} == {
        (place.row, place.variation, place.part) for place in places_of(lab)
    }
    table = Table(lab)
    for event in events:
        table.apply(event)
    cell = table.cell(3, 1)
    assert isinstance(cell.reply, Reply)
    assert cell.text == "It is good."
    assert isinstance(cell.labels, LabelScores)
    assert sum(each.share for each in cell.labels.likelihoods) == pytest.approx(1)
    assert isinstance(cell.reference, ReferenceScore)
    assert isinstance(events[-1], LabFinished)
    assert (events[-1].reason, events[-1].done, events[-1].failed) == ("completed", 30, 0)
    assert table.progress.done == 30


async def test_a_reply_grows_into_what_it_is(make_runner: MakeRunner, lab: Lab) -> None:
    events = await filled(make_runner(reply="One two three"), lab)
    grown = [event.text for event in only(CellGrew, events) if (event.row, event.variation) == (0, 0)]
    assert grown == ["One", " two", " three"]


async def test_what_is_known_is_not_computed_again(make_runner: MakeRunner, lab: Lab) -> None:
    await filled(make_runner(), lab)
    events = await filled(make_runner(die_on_load=True), lab)
    assert only(LabStarted, events) == [LabStarted(total=30, known=30)]
    assert all(cell.known for cell in only(CellDone, events))
    assert only(ModelLoaded, events) == []


async def test_a_lab_that_is_only_looked_at_takes_no_place(make_runner: MakeRunner, lab: Lab, store: LabStore) -> None:
    await filled(make_runner(), lab)
    other = msgspec.structs.replace(lab, rows=(*lab.rows, Row(input="One more")))
    runner = make_runner()
    await runner.pause()
    async with asyncio.timeout(DEADLINE_S):
        async for event in runner.run(other, keep=False):
            if isinstance(event, LabPaused):
                assert store.load(lab.name) == lab
                runner.resume()
    assert store.load(lab.name) == other
    assert [entry.name for entry in store.list()] == [lab.name]


async def test_a_run_that_is_ended_while_it_looks_keeps_no_lab(
    make_runner: MakeRunner, lab: Lab, store: LabStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked_up(*_: object) -> tuple[list[CellDone], list[Place]]:
        task.cancel()  # as another thread does
        return [], places_of(lab)

    monkeypatch.setattr("engine.lab.runner.look_up", looked_up)
    task = asyncio.create_task(filled(make_runner(), lab))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.list() == []


async def test_a_column_that_is_added_later_is_all_that_is_computed(make_runner: MakeRunner, lab: Lab) -> None:
    await filled(make_runner(), lab)
    third = msgspec.structs.replace(lab.variations[0], name="Three", template=template("Three", "Q: {{ message }}"))
    wider = msgspec.structs.replace(lab, variations=(*lab.variations, third))
    events = await filled(make_runner(), wider)
    assert {cell.variation for cell in only(CellDone, events) if not cell.known} == {2}


async def test_a_row_that_moves_is_known_by_its_content(make_runner: MakeRunner, lab: Lab) -> None:
    await filled(make_runner(), lab)
    moved = msgspec.structs.replace(lab, rows=(Row(input="New", label="0", reference="x"), *reversed(lab.rows)))
    events = await filled(make_runner(), moved)
    assert {cell.row for cell in only(CellDone, events) if not cell.known} == {0}


async def test_another_seed_asks_for_other_replies_and_nothing_else(make_runner: MakeRunner, lab: Lab) -> None:
    await filled(make_runner(), lab)
    events = await filled(make_runner(), msgspec.structs.replace(lab, seed=1))
    assert {cell.part for cell in only(CellDone, events) if not cell.known} == {"reply"}


async def test_greedy_replies_do_not_depend_on_the_seed(make_runner: MakeRunner, lab: Lab) -> None:
    greedy = Sampling(temperature=0.0, max_new_tokens=4)
    columns = tuple(msgspec.structs.replace(each, sampling=greedy) for each in lab.variations)
    lab = msgspec.structs.replace(lab, variations=columns)
    await filled(make_runner(), lab)
    events = await filled(make_runner(), msgspec.structs.replace(lab, seed=1))
    assert all(cell.known for cell in only(CellDone, events))


async def test_one_bad_cell_fails_alone_and_is_tried_again(make_runner: MakeRunner, lab: Lab) -> None:
    events = await filled(make_runner(fail_item=2), lab)
    assert {(cell.row, cell.fault.code) for cell in only(CellFailed, events)} == {(2, "template-fault")}
    assert len(only(CellFailed, events)) == 6
    again = await filled(make_runner(), lab)
    assert {cell.row for cell in only(CellDone, again) if not cell.known} == {2}
    assert only(CellFailed, again) == []


async def test_a_model_that_can_not_be_loaded_costs_only_its_own_column(make_runner: MakeRunner, lab: Lab) -> None:
    events = await filled(make_runner(fail_load="load-failed"), lab)
    assert {cell.fault.code for cell in only(CellFailed, events)} == {"load-failed"}
    assert len(only(CellFailed, events)) == 30
    assert events[-1] == msgspec.structs.replace(only(LabFinished, events)[0], reason="completed", done=0, failed=30)


async def test_a_host_that_dies_of_one_cell_costs_only_that_cell(make_runner: MakeRunner, lab: Lab) -> None:
    columns = (msgspec.structs.replace(lab.variations[0], sampling=Sampling(max_new_tokens=1)), lab.variations[1])
    lab = msgspec.structs.replace(lab, variations=columns, metrics=(), rows=lab.rows[:2])
    events = await filled(make_runner(die_after=1), lab)
    assert {(cell.row, cell.variation) for cell in only(CellDone, events)} == {(0, 0), (1, 0)}
    assert {(cell.row, cell.variation, cell.fault.code) for cell in only(CellFailed, events)} == {
        (0, 1, "host-died"),
        (1, 1, "host-died"),
    }


@pytest.mark.slow
async def test_a_pause_in_the_middle_of_a_reply_loses_nothing_finished(make_runner: MakeRunner, lab: Lab) -> None:
    lab = msgspec.structs.replace(lab, metrics=())
    runner = make_runner(token_delay_s=0.01)
    events: list[AnyLabEvent] = []
    async with asyncio.timeout(DEADLINE_S):
        async for event in runner.run(lab):
            events.append(event)
            in_the_middle = isinstance(event, CellGrew) and (event.row, event.variation) == (2, 0)
            if in_the_middle and not only(LabPaused, events):
                await runner.pause()
            if isinstance(event, LabPaused):
                assert runner.paused
                runner.resume()
    paused = next(place for place, event in enumerate(events) if isinstance(event, LabPaused))
    assert isinstance(events[paused + 1], LabResumed)
    before = [cell.row for cell in only(CellDone, events[:paused])]
    assert before == [0, 1]
    assert len(only(CellDone, events)) == 10
    assert len([cell for cell in only(CellStarted, events) if (cell.row, cell.variation) == (2, 0)]) == 2


@pytest.mark.slow
async def test_a_cancelled_run_keeps_what_is_done(make_runner: MakeRunner, lab: Lab) -> None:
    runner = make_runner(token_delay_s=0.01)
    events: list[AnyLabEvent] = []
    async with asyncio.timeout(DEADLINE_S):
        async for event in runner.run(lab):
            events.append(event)
            if isinstance(event, CellGrew) and event.row == 1:
                await runner.cancel()
    last = events[-1]
    assert isinstance(last, LabFinished)
    assert last.reason == "cancelled"
    assert 0 < last.done < 30
    again = await filled(make_runner(), lab)
    assert only(LabStarted, again) == [LabStarted(total=30, known=last.done)]


async def test_the_host_ends_with_the_run(make_runner: MakeRunner, lab: Lab) -> None:
    runner = make_runner()
    await filled(runner, lab)
    assert runner._host._client is None


async def test_changed_files_of_a_model_are_another_model(make_runner: MakeRunner, lab: Lab, model: str) -> None:
    await filled(make_runner(), lab)
    change(model)
    events = await filled(make_runner(), lab)
    assert only(LabStarted, events) == [LabStarted(total=30, known=0)]


async def test_a_model_that_is_not_here_yet_is_looked_up_after_it_came(make_runner: MakeRunner, lab: Lab) -> None:
    columns = (msgspec.structs.replace(lab.variations[0], model="someone/elsewhere"),)
    lab = msgspec.structs.replace(lab, variations=columns)
    await filled(make_runner(), lab)
    events = await filled(make_runner(), lab)
    assert all(cell.known for cell in only(CellDone, events))
    assert len(only(CellDone, events)) == 15


async def test_columns_of_the_same_content_are_computed_once(make_runner: MakeRunner, lab: Lab) -> None:
    twins = tuple(msgspec.structs.replace(lab.variations[0], name=name) for name in ("One", "Again"))
    events = await filled(make_runner(), msgspec.structs.replace(lab, variations=twins))
    done = only(CellDone, events)
    assert {cell.variation for cell in done if cell.known} == {1}
    assert len(done) == 30


async def test_a_lab_is_kept_by_name(make_runner: MakeRunner, lab: Lab, store: LabStore) -> None:
    await filled(make_runner(), lab)
    assert store.load("films") == lab
    assert [(entry.name, entry.rows, entry.variations) for entry in store.list()] == [("films", 5, 2)]


def test_references_are_asked_for_only_where_there_are_some(lab: Lab, model: str) -> None:
    rows = (Row(input="a"), Row(input="b", reference="c"))
    bare = Lab(name="x", rows=rows, variations=(Variation(name="v", model=model, template=template("v")),))
    scored = msgspec.structs.replace(bare, metrics=("perplexity",))
    assert [(place.row, place.part) for place in places_of(scored)] == [(1, "reference")]
    assert [place.part for place in places_of(bare)] == ["reply", "reply"]


async def test_a_model_that_changes_before_it_is_loaded_is_known_by_what_was_loaded(
    make_runner: MakeRunner, lab: Lab, model: str
) -> None:
    async for event in make_runner().run(lab):
        if isinstance(event, LabStarted):
            change(model)
    again = await filled(make_runner(die_on_load=True), lab)
    assert only(LabStarted, again) == [LabStarted(total=30, known=30)]


async def test_a_model_that_changes_while_it_is_loaded_is_loaded_again(
    make_runner: MakeRunner, lab: Lab, model: str
) -> None:
    events: list[AnyLabEvent] = []
    async for event in make_runner().run(lab):
        events.append(event)
        if isinstance(event, ModelLoading) and not only(ModelLoaded, events):
            change(model)
    assert len(only(ModelLoaded, events)) == 2
    again = await filled(make_runner(die_on_load=True), lab)
    assert only(LabStarted, again) == [LabStarted(total=30, known=30)]


async def test_a_model_that_never_rests_is_given_up(make_runner: MakeRunner, lab: Lab, model: str) -> None:
    events: list[AnyLabEvent] = []
    async for event in make_runner().run(lab):
        events.append(event)
        if isinstance(event, ModelLoading):
            change(model, "x" * len(events))
    assert {cell.fault.code for cell in only(CellFailed, events)} == {"load-failed"}
    assert len(only(CellFailed, events)) == 30


async def test_cells_of_the_model_before_are_not_mixed_with_those_of_the_new_one(
    make_runner: MakeRunner, lab: Lab, model: str
) -> None:
    await filled(make_runner(reply="Old"), lab)
    third = msgspec.structs.replace(lab.variations[0], name="Three", template=template("Three", "Q: {{ message }}"))
    wider = msgspec.structs.replace(lab, variations=(*lab.variations, third))
    table, events = Table(wider), []
    async for event in make_runner(reply="New").run(wider):
        table.apply(event)
        events.append(event)
        if isinstance(event, LabStarted):
            change(model)
    assert len(only(CellLost, events)) == 30
    assert {table.cell(row, column).text for row in range(5) for column in range(3)} == {"New"}
    assert only(LabFinished, events)[0].done == table.progress.done == 45


async def test_a_table_that_is_only_shown_tells_how_far_it_is(
    make_runner: MakeRunner, lab: Lab, store: LabStore, paths: Paths
) -> None:
    await filled(make_runner(fail_item=2), lab)
    progress = stored_table(store, paths, lab).progress
    assert (progress.done, progress.failed, progress.total) == (24, 0, 30)


async def test_a_run_to_the_end_drops_what_the_lab_has_left_long_ago(
    make_runner: MakeRunner, lab: Lab, store: LabStore
) -> None:
    await filled(make_runner(), lab)
    store._clock = lambda: time.time() + 2 * KEPT_S
    fewer = msgspec.structs.replace(lab, rows=lab.rows[:2])
    await filled(make_runner(), fewer)
    again = await filled(make_runner(), lab)
    assert only(LabStarted, again) == [LabStarted(total=30, known=12)]


async def handed_over(before: LabRunner, lab: Lab, after: LabRunner, changed: Lab) -> list[AnyLabEvent]:
    """End a run after its first cell, and go on with another that shares its host."""
    before.hands_over = True
    async with aclosing(before.run(lab)) as events:
        async for event in events:
            if isinstance(event, CellDone):
                break
    after.share_host(before)
    return await filled(after, changed)


async def test_a_model_stays_loaded_for_the_run_that_takes_over(make_runner: MakeRunner, lab: Lab) -> None:
    more = msgspec.structs.replace(lab, rows=(*lab.rows, Row(input="Another", label="1")))
    events = await handed_over(make_runner(), lab, make_runner(die_on_load=True), more)
    assert only(ModelLoading, events) == []
    assert len(only(ModelLoaded, events)) == 1
    last = events[-1]
    assert isinstance(last, LabFinished)
    assert (last.done, last.failed) == (last.total, 0)


async def test_a_model_that_changed_meanwhile_or_is_asked_for_otherwise_is_loaded_anew(
    make_runner: MakeRunner, lab: Lab, model: str
) -> None:
    other = msgspec.structs.replace(lab, threads=3)
    assert only(ModelLoading, await handed_over(make_runner(), lab, make_runner(), other))
    before = make_runner()
    before.hands_over = True
    fresh = msgspec.structs.replace(lab, seed=9, rows=(Row(input="New", label="1"),))
    async with aclosing(before.run(fresh)) as running:
        async for event in running:
            if isinstance(event, CellDone):
                break
    change(model, "meanwhile")
    after = make_runner()
    after.share_host(before)
    assert only(ModelLoading, await filled(after, fresh))
