"""Lanes: one job after the other, exactly one terminal event each, and a cancel at any moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from engine.errors import Cancelled, ModelNotFound
from engine.host.lanes import Handler, Job, Lane
from engine.protocol import AnyCommand, AnyEvent, Failed, LoadProgress, LoadStage, ModelUnloaded, UnloadModel

DEADLINE_S = 10.0


class Events:
    """Collects what a lane emits."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[AnyEvent] = SimpleQueue()

    def __call__(self, event: AnyEvent) -> None:
        self._queue.put(event)

    def next(self) -> AnyEvent:
        return self._queue.get(timeout=DEADLINE_S)

    @property
    def empty(self) -> bool:
        return self._queue.empty()


def dropped(command: AnyCommand) -> AnyEvent:
    return Failed(id=command.id, code="cancelled", title="Cancelled before it began")


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def make_lane(events: Events) -> Callable[[Handler], Lane]:
    return lambda handler: Lane("test", handler, dropped, events)


def until_cancelled(job: Job) -> Iterator[AnyEvent]:
    yield LoadProgress(id=job.command.id, stage="finding")
    assert job.cancelled.wait(DEADLINE_S)
    raise Cancelled("Stopped")


def test_jobs_are_done_in_order(events: Events, make_lane: Callable[[Handler], Lane]) -> None:
    lane = make_lane(lambda job: [ModelUnloaded(id=job.command.id)])
    for number in range(1, 6):
        lane.put(UnloadModel(id=number))
    assert [events.next().id for _ in range(5)] == [1, 2, 3, 4, 5]


def test_a_running_job_is_told_of_its_cancel_and_answers_for_itself(
    events: Events, make_lane: Callable[[Handler], Lane]
) -> None:
    lane = make_lane(until_cancelled)
    lane.put(UnloadModel(id=1))
    assert isinstance(events.next(), LoadProgress)
    assert lane.cancel(1)
    assert events.next() == Failed(id=1, code="cancelled", title="Stopped")


def test_a_waiting_job_is_answered_at_once_and_never_begins(
    events: Events, make_lane: Callable[[Handler], Lane]
) -> None:
    lane = make_lane(until_cancelled)
    lane.put(UnloadModel(id=1))
    events.next()
    lane.put(UnloadModel(id=2))
    assert lane.cancel(2)
    assert events.next() == Failed(id=2, code="cancelled", title="Cancelled before it began")
    assert not lane.cancel(2)
    assert lane.cancel(1)
    assert events.next().id == 1
    assert events.empty


def test_a_cancel_of_what_is_not_here_does_nothing(events: Events, make_lane: Callable[[Handler], Lane]) -> None:
    lane = make_lane(lambda job: [ModelUnloaded(id=job.command.id)])
    assert not lane.cancel(9)
    lane.put(UnloadModel(id=1))
    assert events.next() == ModelUnloaded(id=1)
    assert not lane.cancel(1)
    assert events.empty


@pytest.mark.parametrize(
    ("error", "code", "title"),
    [
        (ModelNotFound("There is no such model", "Look again"), "model-not-found", "There is no such model"),
        (ZeroDivisionError("division by zero"), "unexpected", "ZeroDivisionError: division by zero"),
        (KeyError(), "unexpected", "KeyError"),
    ],
)
def test_an_error_is_told_in_words_and_the_lane_goes_on(
    events: Events,
    make_lane: Callable[[Handler], Lane],
    error: Exception,
    code: str,
    title: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def handler(job: Job) -> Iterator[AnyEvent]:
        if job.command.id == 1:
            raise error
        yield ModelUnloaded(id=job.command.id)

    lane = make_lane(handler)
    lane.put(UnloadModel(id=1))
    lane.put(UnloadModel(id=2))
    event = events.next()
    assert isinstance(event, Failed)
    assert event.code == code
    assert title in event.title
    assert events.next() == ModelUnloaded(id=2)
    assert ("Traceback" in capfd.readouterr().err) == (code == "unexpected")


class Panic(BaseException):
    """As a panic of a library in Rust comes: not an `Exception`."""


@pytest.mark.parametrize("error", [Panic("rust gave up"), SystemExit(3), KeyboardInterrupt()])
def test_what_is_no_exception_is_told_too_and_the_lane_goes_on(
    events: Events, make_lane: Callable[[Handler], Lane], error: BaseException, capfd: pytest.CaptureFixture[str]
) -> None:
    def handler(job: Job) -> Iterator[AnyEvent]:
        if job.command.id == 1:
            raise error
        yield ModelUnloaded(id=job.command.id)

    lane = make_lane(handler)
    lane.put(UnloadModel(id=1))
    lane.put(UnloadModel(id=2))
    event = events.next()
    assert isinstance(event, Failed)
    assert (event.id, event.code) == (1, "unexpected")
    assert type(error).__name__ in event.title
    assert events.next() == ModelUnloaded(id=2)
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.parametrize("stage", ["finding", "reading"])
def test_an_event_that_can_not_be_sent_ends_its_job_in_words_and_the_lane_goes_on(
    events: Events, stage: LoadStage, capfd: pytest.CaptureFixture[str]
) -> None:
    closed = threading.Event()

    def emit(event: AnyEvent) -> None:
        if event.id == 1 and isinstance(event, LoadProgress) and event.stage == stage:
            raise UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed")
        events(event)

    def handler(job: Job) -> Iterator[AnyEvent]:
        try:
            yield LoadProgress(id=job.command.id, stage="finding")
            yield LoadProgress(id=job.command.id, stage="reading")
        finally:
            closed.set()

    lane = Lane("test", handler, dropped, emit)
    lane.put(UnloadModel(id=1))
    told = [events.next()] if stage == "finding" else [events.next(), events.next()]
    assert isinstance(told[-1], Failed)
    assert (told[-1].id, told[-1].code) == (1, "unexpected")
    assert closed.wait(DEADLINE_S)
    lane.put(UnloadModel(id=2))
    assert [events.next().id, events.next().id] == [2, 2]
    assert "UnicodeEncodeError" in capfd.readouterr().err


def test_many_jobs_and_cancels_at_once_give_one_answer_each(
    events: Events, make_lane: Callable[[Handler], Lane]
) -> None:
    lane = make_lane(lambda job: [ModelUnloaded(id=job.command.id)])

    def cancel_all() -> None:
        for number in range(1, 301):
            lane.cancel(number)

    canceller = threading.Thread(target=cancel_all)
    canceller.start()
    for number in range(1, 301):
        lane.put(UnloadModel(id=number))
    answers = [events.next().id for _ in range(300)]
    canceller.join(DEADLINE_S)
    assert sorted(answers) == list(range(1, 301))
    assert events.empty
