"""Who takes when a turn, and what the table makes of it."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench import training
from bench.trainers import METHODS, RECIPE, Taken
from bench.training import measure, take_turn

PEAKS = {"float32": 100e9, "bfloat16": 300e9}
ALL = argparse.Namespace(layers=12, width=768, rounds=2, threads=1, only="")


@pytest.fixture(autouse=True)
def peak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "multiplied_flops", PEAKS.__getitem__)


class Turns:
    """Every trainer takes ten seconds, and is disturbed in the first round; ours learn from ten times as much."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.seeds: list[str] = []

    def __call__(self, arguments: Sequence[str], threads: int) -> Taken:
        self.names.append(arguments[0])
        self.seeds.append(arguments[arguments.index("--seed") + 1])
        is_ours, is_first = arguments[0] in METHODS, self.seeds[-1] == "0"
        return Taken(
            precision="bfloat16" if is_ours else "float32",
            tokens=10_000 if is_ours else 1_000,
            seconds=100.0 if is_first else 10.0,
            memory=2_000_000_000 if is_first else 1_000_000_000,
            others_cores=0.5 if is_first else 0.0,
        )


def test_all_take_turns_and_each_round_has_texts_of_its_own() -> None:
    turns = Turns()
    measure(ALL, turns)
    assert turns.names[:2] == [RECIPE, "bare loop"]
    assert turns.names[5:] == turns.names[:5][::-1]
    assert turns.seeds == ["0"] * 5 + ["1"] * 5


def test_the_recipe_is_always_measured_along() -> None:
    turns = Turns()
    report = measure(argparse.Namespace(**{**vars(ALL), "only": "lora"}), turns)
    assert set(turns.names) == {RECIPE, "lora"}
    assert [goal.what for goal in report.goals] == ["lora, times the recipe", "lora, share of the peak"]


def test_disturbed_rounds_do_not_count_but_their_memory_does() -> None:
    rows = {row["trainer"]: row for row in measure(ALL, Turns()).rows}
    full = rows["full"]
    assert (full["tokens_per_s"], full["times"], full["memory_gb"], full["quiet"]) == (1_000.0, 10.0, 2.0, 1)
    share = full["share"]
    assert isinstance(share, float)
    assert share == pytest.approx(1_000 * training.flops_per_token(12, 768, training.mean_length(), "full") / 300e9)


def test_frozen_weights_save_a_third_of_the_work() -> None:
    full, lora = (training.flops_per_token(12, 768, 0.0, name) for name in ("full", "lora"))
    assert math.isclose(lora / full, 2 / 3)


def test_a_trainer_is_a_process_that_learns_and_ends() -> None:
    taken = take_turn([RECIPE, "--layers", "1", "--width", "64", "--threads", "1", "--seed", "3"], 1)
    assert taken.precision == "float32"
    assert 8 * 32 <= taken.tokens <= 8 * 512
    assert taken.seconds > 0
    assert taken.memory > 100_000_000


def test_a_trainer_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "ROOT", tmp_path)
    (tmp_path / "bench.py").write_text("raise SystemExit('no memory is left')", encoding="utf-8")
    with pytest.raises(SystemExit, match="recipe ended with 1: no memory is left"):
        take_turn([RECIPE], 1)
