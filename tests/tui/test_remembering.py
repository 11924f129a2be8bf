"""What is remembered between starts reaches the disk in the background, the newest last."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from engine.memory import Memory, load_memory, save_memory
from tui.remembering import Remembering

DEADLINE_S = 10.0


async def test_a_slow_disk_holds_nothing_up_and_the_last_change_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, told = tmp_path / "memory.json", list[str]()
    disk_answers, asked = threading.Event(), list[Memory]()

    def slow(path: Path, memory: Memory) -> None:
        asked.append(memory)
        assert disk_answers.wait(DEADLINE_S)
        save_memory(path, memory)

    monkeypatch.setattr("tui.remembering.save_memory", slow)
    remembering = Remembering(file, Memory(), told.append)
    for number in range(50):  # returns at once each time, though the first write goes on
        remembering.change(model=f"model-{number}")
        await asyncio.sleep(0)
    assert remembering.memory.model == "model-49"
    assert not file.exists()
    disk_answers.set()
    async with asyncio.timeout(DEADLINE_S):
        await remembering.settle()
    assert load_memory(file).model == "model-49"
    assert len(asked) == 2
    assert told == []


async def test_a_disk_that_can_not_be_written_is_told_and_the_next_change_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, memory: Memory) -> None:
        raise OSError(28, "No space left on device")

    told = list[str]()
    remembering = Remembering(tmp_path / "memory.json", Memory(), told.append)
    with monkeypatch.context() as patch:
        patch.setattr("tui.remembering.save_memory", full)
        remembering.change(model="one")
        await remembering.settle()
    assert told == [f"{tmp_path / 'memory.json'} can't be written: No space left on device"]
    remembering.change(theme="light")
    await remembering.settle()
    assert load_memory(tmp_path / "memory.json") == Memory(model="one", theme="light")
