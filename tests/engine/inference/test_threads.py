"""Threads are chosen by what a token takes with so many, and the choice is remembered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.inference.threads import FEWEST_PARAMETERS, measured_threads
from engine.thread_counts import read_thread_counts

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


class Timed:
    """A decoder whose tokens take as long as a table says for the threads that are set, by a clock of its own."""

    def __init__(self, seconds: dict[int, float]) -> None:
        self.seconds = seconds
        self.now_s = 0.0
        self.steps = 0
        self.forgotten = False

    def prefill(self, ids: Sequence[int], cancelled: Any) -> torch.Tensor:
        return torch.zeros(3)

    def step(self, token: int) -> torch.Tensor:
        self.steps += 1
        self.now_s += self.seconds[torch.get_num_threads()]
        return torch.zeros(3)

    def forget(self) -> None:
        self.forgotten = True


def chosen(decoder: Any, folder: Path, *, busy: bool = False, dtype: str = "float32", cores: int = 4) -> int:
    return measured_threads(
        decoder,
        folder / "threads.json",
        dtype=dtype,
        parameters=124_000_000,
        cores=cores,
        clock=lambda: float(decoder.now_s),
        is_busy=lambda: busy,
    )


@pytest.mark.parametrize(
    ("seconds", "threads"),
    [
        ({1: 0.030, 2: 0.029, 4: 0.028}, 1),
        ({1: 0.030, 2: 0.016, 4: 0.015}, 2),
        ({1: 0.030, 2: 0.016, 4: 0.009}, 4),
        ({1: 0.030, 2: 0.029, 4: 0.012}, 4),
        ({1: 0.030, 2: 0.110, 4: 0.200}, 1),
    ],
)
def test_more_threads_are_taken_where_they_gain_a_good_deal(
    tmp_path: Path, seconds: dict[int, float], threads: int
) -> None:
    decoder = Timed(seconds)
    assert chosen(decoder, tmp_path) == threads
    assert decoder.forgotten
    assert torch.get_num_threads() == 1
    (probe,) = read_thread_counts(tmp_path / "threads.json").values()
    assert probe.tokens_per_s["1"] == pytest.approx(33.33)


def test_what_was_measured_is_remembered_for_each_precision(tmp_path: Path) -> None:
    assert chosen(Timed({1: 0.03, 2: 0.01, 4: 0.01}), tmp_path) == 2
    again = Timed({})
    assert chosen(again, tmp_path) == 2
    assert again.steps == 0
    assert chosen(Timed({1: 0.01, 2: 0.01, 4: 0.01}), tmp_path, dtype="int8") == 1
    assert len(read_thread_counts(tmp_path / "threads.json")) == 2


def test_on_a_busy_machine_one_is_taken_and_nothing_measured(tmp_path: Path) -> None:
    decoder = Timed({1: 0.03, 2: 0.01, 4: 0.01})
    assert chosen(decoder, tmp_path, busy=True) == 1
    assert decoder.steps == 0
    assert chosen(decoder, tmp_path) == 2


def test_a_slow_machine_is_not_measured_for_long(tmp_path: Path) -> None:
    decoder = Timed({1: 1.0, 2: 1.0, 4: 1.0})
    assert chosen(decoder, tmp_path) == 1
    assert decoder.now_s <= 10


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"a": {"threads": "x"}}', b"\xff\xfe"])
def test_a_torn_file_is_measured_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "threads.json").write_bytes(content)
    assert chosen(Timed({1: 0.03, 2: 0.01, 4: 0.01}), tmp_path) == 2
    assert len(read_thread_counts(tmp_path / "threads.json")) == 1


def test_a_file_of_another_machine_never_gives_more_threads_than_there_are(tmp_path: Path) -> None:
    assert chosen(Timed({1: 0.03, 2: 0.01, 4: 0.002}), tmp_path) == 4
    file = tmp_path / "threads.json"
    file.write_bytes(file.read_bytes().replace(b'"threads":4', b'"threads":400'))
    assert chosen(Timed({}), tmp_path) == 4


def test_small_models_and_single_cores_are_not_measured(tmp_path: Path) -> None:
    decoder: Any = Timed({})
    file = tmp_path / "threads.json"
    assert measured_threads(decoder, file, dtype="float32", parameters=FEWEST_PARAMETERS - 1, cores=8) == 1
    assert measured_threads(decoder, file, dtype="float32", parameters=FEWEST_PARAMETERS, cores=1) == 1
    assert decoder.steps == 0
