"""The process that reads data, as the screen asks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from engine.corpus import DataSpec
from engine.corpus.client import DataProcess
from engine.corpus.messages import DataOpened, OpenData, RowsShown, ShowRows, SurveyData, Surveyed, SurveyProgress
from engine.errors import DataNotFound, Failed, HostDied
from engine.paths import Paths
from tests.fakes.data import ROWS, fake_data
from tui.data_desk import DataDesk, DataProgress, Make

DEADLINE_S = 20.0
SPEC = DataSpec(source="reviews.jsonl")


@asynccontextmanager
async def desk(paths: Paths, **options: object) -> AsyncIterator[DataDesk]:
    started = DataDesk(lambda: DataProcess(paths.log / "data.log", argv=fake_data(**options)))
    started.start()
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield started
    finally:
        await asyncio.to_thread(started.close)


def opening(id: int) -> OpenData:
    return OpenData(id=id, spec=SPEC)


async def test_questions_are_answered_one_after_the_other(paths: Paths) -> None:
    async with desk(paths) as it:
        answers = await asyncio.gather(
            it.ask(opening), it.ask(lambda id: ShowRows(id=id, first=3)), it.ask(lambda id: SurveyData(id=id))
        )
    assert [type(answer) for answer in answers] == [DataOpened, RowsShown, Surveyed]


async def test_progress_is_told_on_the_event_loop(paths: Paths) -> None:
    told: list[DataProgress] = []
    async with desk(paths) as it:
        await it.ask(opening)
        await it.ask(lambda id: SurveyData(id=id), told.append)
    assert told == [SurveyProgress(id=2, rows=ROWS // 2)]


async def test_a_failure_is_the_engines_own(paths: Paths) -> None:
    async with desk(paths) as it:
        with pytest.raises(DataNotFound, match="no file"):
            await it.ask(lambda id: OpenData(id=id, spec=DataSpec(source="/missing")))
        assert isinstance(await it.ask(opening), DataOpened)


async def test_who_no_longer_waits_drops_the_question_and_the_next_one_is_answered(paths: Paths) -> None:
    async with desk(paths, endless=True) as it:
        await it.ask(opening)
        counting = asyncio.Event()
        survey = asyncio.create_task(it.ask(lambda id: SurveyData(id=id), lambda rows: counting.set()))
        await counting.wait()
        survey.cancel()
        with pytest.raises(asyncio.CancelledError):
            await survey
        assert isinstance(await it.ask(lambda id: ShowRows(id=id)), RowsShown)


async def test_what_was_dropped_before_its_turn_is_never_asked(paths: Paths) -> None:
    asked: list[int] = []

    def noted(id: int) -> ShowRows:
        asked.append(id)
        return ShowRows(id=id)

    async with desk(paths, endless=True) as it:
        await it.ask(opening)
        counting = asyncio.Event()
        survey = asyncio.create_task(it.ask(lambda id: SurveyData(id=id), lambda rows: counting.set()))
        await counting.wait()
        rows = [asyncio.create_task(it.ask(noted)) for _ in range(3)]
        await asyncio.sleep(0)
        for task in (*rows[:2], survey):
            task.cancel()
        assert isinstance(await rows[2], RowsShown)
    assert len(asked) == 1


async def test_a_process_that_dies_is_told_and_the_next_question_gets_a_new_one(paths: Paths) -> None:
    async with desk(paths, die_on="SurveyData") as it:
        await it.ask(opening)
        with pytest.raises(HostDied, match="signal 9"):
            await it.ask(lambda id: SurveyData(id=id))
        assert isinstance(await it.ask(opening), DataOpened)


async def test_a_process_that_can_not_be_started_is_told(paths: Paths) -> None:
    started = DataDesk(lambda: DataProcess(paths.log / "data.log", argv=("/no/such/program",)))
    started.start()
    with pytest.raises(Failed, match="could not be started"):
        await started.ask(opening)
    await asyncio.to_thread(started.close)


@pytest.mark.parametrize("command", [opening, lambda id: SurveyData(id=id)])
async def test_it_can_be_closed_while_it_is_asked(paths: Paths, command: Make) -> None:
    async with desk(paths, endless=True) as it:
        await it.ask(opening)
        task = asyncio.create_task(it.ask(command))
        await asyncio.sleep(0)
    outcome = (await asyncio.gather(task, return_exceptions=True))[0]
    assert not isinstance(outcome, AssertionError | ValueError | OSError)


async def test_it_can_be_closed_before_it_was_started(paths: Paths) -> None:
    await asyncio.to_thread(DataDesk(lambda: DataProcess(paths.log / "data.log", argv=fake_data())).close)
