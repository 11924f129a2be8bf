"""Rivals answer in turns, and those that are not there are left out with a word."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bench.rivals.lineup import LINEUP, Rival
from bench.rivals.processes import Absent, Process, chosen, start, start_all

FAKE = Rival("Fake", "tests.bench.fake_rival", "float32", 4, 4)
ABROAD = msgspec.structs.replace(FAKE, name="Fake abroad", foreign=True)


def broken(how: str) -> Rival:
    return msgspec.structs.replace(FAKE, name=how, precision=how)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "gpt2"}), encoding="utf-8")
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment of rivals, as far as its interpreter goes."""
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "python").symlink_to(sys.executable)
    return tmp_path / "env"


@pytest.fixture
def fake(model: Path) -> Iterator[Process]:
    with start(FAKE, model, environment=None, threads=1) as process:
        yield process


def test_a_rival_answers_one_prompt_after_the_other(fake: Process) -> None:
    assert fake.version == "fake 1"
    assert fake.ask([7, 7, 7], 2).tokens == [3, 4, 5]
    answer = fake.ask([7], 1)
    assert answer.tokens == [1, 2]
    assert answer.memory > 0
    assert answer.first_s > 0


def test_a_rival_that_dies_says_with_what_words(fake: Process) -> None:
    with pytest.raises(Absent, match="empty prompts are too much for it"):
        fake.ask([], 1)


def test_those_that_are_not_there_are_left_out_with_a_word(model: Path) -> None:
    with contextlib.ExitStack() as stack:
        lineup = [ABROAD, broken("library missing"), FAKE, broken("file broken")]
        running, skipped = start_all(lineup, model, environment=None, threads=1, stack=stack)
        assert list(running) == ["Fake"]
        assert running["Fake"].ask([1], 0).tokens == [1]
    assert "see bench/README.md" in skipped["Fake abroad"]
    assert skipped["library missing"] == "a_library_that_nobody_has is not installed"
    assert "model is broken, with 1 threads" in skipped["file broken"]


def test_a_folder_that_is_no_environment_is_told(model: Path, tmp_path: Path) -> None:
    with pytest.raises(Absent, match="no virtual environment"):
        start(ABROAD, model, environment=tmp_path, threads=1)


def test_a_rival_runs_in_its_environment_on_what_was_converted_for_it(model: Path, environment: Path) -> None:
    rival = msgspec.structs.replace(ABROAD, converter="tests.bench.fake_converter", file="fake.bin")
    with start(rival, model, environment=environment, threads=1) as process:
        assert process.ask([1, 2], 0).tokens == [2]
    assert (model / "fake.bin").read_text(encoding="utf-8") == "converted"


def test_the_model_is_converted_anew_only_when_it_is_newer(model: Path) -> None:
    rival = msgspec.structs.replace(FAKE, converter="tests.bench.fake_converter", file="fake.bin")
    file = model / "fake.bin"
    file.write_text("kept", encoding="utf-8")
    os.utime(model / "config.json", (1, 1))
    start(rival, model, environment=None, threads=1).close()
    assert file.read_text(encoding="utf-8") == "kept"
    os.utime(file, (0, 0))
    start(rival, model, environment=None, threads=1).close()
    assert file.read_text(encoding="utf-8") == "converted"


def test_a_failed_conversion_leaves_the_rival_out(model: Path) -> None:
    rival = msgspec.structs.replace(FAKE, converter="tests.bench.fake_converter", precision="unknown", file="fake.bin")
    with pytest.raises(Absent, match="unknown precision"):
        start(rival, model, environment=None, threads=1)


def test_a_model_that_is_not_written_here_for_a_rival_leaves_it_out(model: Path) -> None:
    (model / "config.json").write_text(json.dumps({"model_type": "llama"}), encoding="utf-8")
    rival = msgspec.structs.replace(FAKE, converter="tests.bench.fake_converter", file="fake.bin")
    with pytest.raises(Absent, match="GPT-2 only"):
        start(rival, model, environment=None, threads=1)


def test_rivals_are_chosen_by_words_in_their_names() -> None:
    assert {rival.name for rival in chosen(LINEUP, "generate, q8")} == {"transformers generate", "llama.cpp Q8_0"}
    assert chosen(LINEUP, "") == list(LINEUP)


def test_a_rival_may_leave_its_memory_unsaid() -> None:
    said = json.dumps({"version": "quiet 1"})
    with Process([sys.executable, "-c", f"print({said!r})"], os.environ) as process:
        assert (process.version, process.opening_bytes) == ("quiet 1", 0)
