from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable

import pytest

from engine.runs import RunFolder, read_events, read_history
from engine.runs.curve import Curve
from engine.runs.events import EvalDone, RunFinished, RunResumed, RunStarted, StepDone, UnknownRunEvent, Warned
from engine.runs.log import EventWriter, last_events

MakeStep = Callable[..., StepDone]


def test_events_come_back_in_order_and_numbered(run: RunFolder, writer: EventWriter, step: MakeStep) -> None:
    for number in range(1, 4):
        writer.append(step(number))
    batch = read_events(run.events_file)
    assert [event.seq for event in batch.events] == [1, 2, 3]
    assert [event.t for event in batch.events] == [0.0, 1.0, 2.0]
    assert batch.offset == run.events_file.stat().st_size


def test_a_reader_reads_nothing_twice_and_several_may_read(run: RunFolder, writer: EventWriter, step: MakeStep) -> None:
    writer.append(step(1))
    first = read_events(run.events_file)
    writer.append(step(2))
    assert [one.seq for one in read_events(run.events_file, first.offset).events] == [2]
    assert [one.seq for one in read_events(run.events_file).events] == [1, 2]
    assert read_events(run.events_file, first.offset + 10**9).events == ()


def test_a_line_that_is_still_being_written_is_left_for_later(
    run: RunFolder, writer: EventWriter, step: MakeStep
) -> None:
    writer.append(step(1))
    whole = run.events_file.read_bytes()
    with run.events_file.open("ab") as stream:
        stream.write(whole[:20])
    batch = read_events(run.events_file)
    assert len(batch.events) == 1
    assert batch.offset == len(whole)


def test_the_next_writer_steps_over_a_torn_line(run: RunFolder, step: MakeStep) -> None:
    first = EventWriter(run.events_file)
    first.append(step(1))
    first.close()
    with run.events_file.open("ab") as stream:
        stream.write(b'{"type":"StepDone","st')
    second = EventWriter(run.events_file)
    second.append(step(2))
    second.close()
    events = read_events(run.events_file).events
    assert [type(event) for event in events] == [StepDone, UnknownRunEvent, StepDone]
    assert events[-1].seq == 2


def test_a_log_of_a_newer_version_is_read_as_far_as_it_is_known(run: RunFolder) -> None:
    run.events_file.write_bytes(b'{"type":"RunDreamt","seq":7}\n\xff\xfe\n{"type":"Warned","title":"x","new":1}\n')
    kinds = [type(event) for event in read_events(run.events_file).events]
    assert kinds == [UnknownRunEvent, UnknownRunEvent, Warned]


def test_a_line_without_end_of_nesting_and_one_of_broken_text_are_read_over(
    run: RunFolder, writer: EventWriter, step: MakeStep
) -> None:
    writer.append(step(1))
    with run.events_file.open("ab") as log:
        log.write(b'{"type":"Dreamt","of":' + b"[" * 200_000 + b'\n{"type":"Warned","title":"\xff"}\n')
    kinds = [type(event) for event in read_events(run.events_file).events]
    assert kinds == [StepDone, UnknownRunEvent, UnknownRunEvent]


def test_the_name_of_a_file_that_is_no_text_can_be_told(run: RunFolder, writer: EventWriter) -> None:
    writer.append(Warned(title="rows\udcff.jsonl is left out"))
    (event,) = read_events(run.events_file).events
    assert isinstance(event, Warned)
    assert event.title == "rows⟨U+DCFF⟩.jsonl is left out"


def test_events_wait_while_the_disk_is_full(
    run: RunFolder, writer: EventWriter, step: MakeStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def half(descriptor: int, data: bytes) -> int:
        return real(descriptor, data[: len(data) // 2])

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    writer.append(step(1))
    monkeypatch.setattr(os, "write", half)
    writer.append(step(2))
    monkeypatch.setattr(os, "write", full)
    writer.append(step(3))
    assert writer.flush() is False
    monkeypatch.setattr(os, "write", real)
    writer.append(step(4))
    steps = [event.step for event in read_events(run.events_file).events if isinstance(event, StepDone)]
    assert steps == [1, 2, 3, 4]


def test_no_nan_reaches_the_wire(run: RunFolder, writer: EventWriter, step: MakeStep) -> None:
    writer.append(step(1, loss=float("nan")))
    assert b"NaN" not in run.events_file.read_bytes()


def test_the_end_of_a_long_log_is_read_alone(run: RunFolder, writer: EventWriter, step: MakeStep) -> None:
    for number in range(1, 2000):
        writer.append(step(number))
    events = last_events(run.events_file, tail_bytes=1000)
    assert 1 <= len(events) <= 5
    assert events[-1].seq == 1999


def test_a_curve_is_bounded_and_keeps_its_extremes(step: MakeStep) -> None:
    curve = Curve(max_points=64)
    for number in range(1, 10_001):
        curve.add(step(number, loss=9.0 if number == 5000 else 1.0))
    assert len(curve.points) <= 64
    assert sum(point.steps for point in curve.points) == 10_000
    assert max(point.high for point in curve.points) == 9.0
    assert curve.points[-1].step == 10_000


def test_history_forgets_what_a_resumed_run_does_again(run: RunFolder, writer: EventWriter, step: MakeStep) -> None:
    for number in range(1, 11):
        writer.append(step(number, loss=5.0))
    writer.append(RunResumed(step=6))
    for number in range(7, 9):
        writer.append(step(number, loss=1.0))
    history = read_history(run.events_file)
    assert [point.step for point in history.curve] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [one.loss for one in history.recent][-2:] == [1.0, 1.0]
    assert [type(event) for event in history.events] == [RunResumed]
    assert history.offset == run.events_file.stat().st_size


def test_history_of_a_run_without_events_is_empty(run: RunFolder) -> None:
    assert read_history(run.events_file).curve == ()


@pytest.mark.slow
def test_a_million_lines_open_in_under_a_second(run: RunFolder, writer: EventWriter, step: MakeStep) -> None:
    writer.append(RunStarted(model="tiny", method="full", pid=1))
    template = writer.append(step(123_456))
    line = run.events_file.read_bytes().splitlines(keepends=True)[-1]
    assert template.seq == 2
    evaluation = b'{"type":"EvalDone","seq":1,"t":1.0,"step":5,"loss":2.0,"perplexity":7.4,"seconds":1.0,"tokens":9}\n'
    with run.events_file.open("ab") as stream:
        for number in range(100):
            block = b"".join(
                line.replace(b"123456", str(number * 10_000 + index).encode()) for index in range(1, 10_001)
            )
            stream.write(block + evaluation)
    writer.append(RunFinished(outcome="completed", step=1_000_000))
    seconds = []
    for _ in range(3):
        # Of a processor: what else the machine does is not what is tested.
        began = time.process_time()
        history = read_history(run.events_file)
        seconds.append(time.process_time() - began)
    assert min(seconds) < 1
    assert len(history.curve) <= 2048
    assert history.recent[-1].step == 1_000_000
    assert len(history.recent) == 512 - 2 or len(history.recent) == 512
    assert sum(isinstance(event, EvalDone) for event in history.events) == 100
    assert isinstance(history.events[0], RunStarted)
    assert isinstance(history.events[-1], RunFinished)
    assert read_events(run.events_file, history.offset).events == ()
