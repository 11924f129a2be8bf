"""What goes wrong that nobody foresaw."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from engine.protocol import AnyCommand, AnyEvent, Failed, LoadModel
from tests.tui.conftest import Program
from tui.bridge import Bridge, EventsArrived
from tui.clipboard import copy_to_system

Start = Callable[..., AbstractAsyncContextManager[Program]]


def logged(home: Path) -> str:
    [file] = home.rglob("tunesmith.log")
    return file.read_text()


async def fail_in(start: Start, told: list[str]) -> None:
    async with start() as program:
        await program.ready()
        program.app.call_next(lambda: 1 / 0)
        await program.until(lambda: program.app._exit_renderables, "the end of the program")
        told.append(str(program.app._exit_renderables[0]))


async def test_an_unforeseen_error_ends_in_a_sentence_and_its_traceback_in_the_log(start: Start, home: Path) -> None:
    told: list[str] = []
    with pytest.raises(ZeroDivisionError):
        await fail_in(start, told)
    log = logged(home)
    assert "Traceback" in log
    assert "ZeroDivisionError: division by zero" in log
    assert told[0].startswith("Something went wrong that should not: ZeroDivisionError")
    assert "Traceback" not in told[0]


async def test_a_request_that_can_not_be_sent_is_answered_all_the_same() -> None:
    class Broken:
        async def request(self, command: AnyCommand) -> AsyncIterator[AnyEvent]:
            if command.id:
                raise UnicodeEncodeError("utf-8", "x", 0, 1, "no")
            yield Failed(id=0, code="", title="", hint="")

        async def aclose(self) -> None:
            pass

    answered: asyncio.Future[EventsArrived] = asyncio.get_running_loop().create_future()
    bridge = Bridge(Broken(), answered.set_result)  # type: ignore[arg-type]
    bridge.run(LoadModel(id=3, ref="x"))
    [event] = (await asyncio.wait_for(answered, 5)).events
    assert isinstance(event, Failed)
    assert event.id == 3
    await bridge.close()


async def test_a_clipboard_tool_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr("pyperclip.copy", lambda _: release.wait(30))
    assert not await copy_to_system("text", timeout_s=0.05)
    [thread] = [one for one in threading.enumerate() if one.name.endswith("(_copy)")]
    assert thread.daemon
    release.set()
    thread.join(5)


async def test_a_clipboard_tool_that_fails_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise OSError(os.strerror(2))

    monkeypatch.setattr("pyperclip.copy", fail)
    assert not await copy_to_system("text")
    monkeypatch.setattr("pyperclip.copy", lambda _: None)
    assert await copy_to_system("text")
