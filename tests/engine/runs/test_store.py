from __future__ import annotations

import errno
import shutil
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from engine.corpus.spec import DataSpec
from engine.errors import DiskFull, Failed, Misuse, Refused, RunNotFound
from engine.paths import Paths
from engine.runs import Plan, RunFolder, bring, create, delete, find_run, list_checkpoints, list_runs, rename
from engine.runs.checkpoints import MANIFEST, find_fault, prune, publish, seal, sweep
from engine.runs.lock import TrainerLock
from engine.runs.plan import faults, read_plan


def checkpoint(run: RunFolder, step: int, loss: float | None = None) -> Path:
    partial = run.checkpoints / f".step-{step}"
    partial.mkdir(parents=True)
    (partial / "model.safetensors").write_bytes(b"x" * step)
    seal(partial, step, loss, 1)
    publish(partial, run.checkpoint(step))
    return run.checkpoint(step)


def test_a_plan_comes_back_as_it_was(run: RunFolder, plan: Plan) -> None:
    assert read_plan(run.plan_file) == plan


def test_a_run_without_a_name_gets_one_that_tells_what_it_is(paths: Paths, plan: Plan) -> None:
    plan = msgspec.structs.replace(plan, model="/models/My Model.gguf")
    moment = datetime(2030, 1, 2, 3, 4)
    names = [create(paths.runs, plan, now=lambda: moment).name for _ in range(2)]
    assert names == ["My-Model-lora-0102-0304", "My-Model-lora-0102-0304-2"]


def test_all_problems_of_a_plan_are_told_at_once(paths: Paths) -> None:
    plan = Plan(model=" ", data=DataSpec(source=""), batch_tokens=0, learning_rate=float("nan"))
    with pytest.raises(Misuse) as caught:
        create(paths.runs, plan)
    for words in ("no model", "no data", "batch tokens", "learning rate"):
        assert words in caught.value.title
    assert [field for field, _ in faults(plan)] == ["model", "data.source", "learning_rate", "batch_tokens"]


def test_names_that_are_no_text_can_not_be_planned_with(paths: Paths) -> None:
    plan = Plan(model="bad\udcff", data=DataSpec(source="/rows\udcff.jsonl"))
    assert [field for field, _ in faults(plan)] == ["model", "data.source"]
    with pytest.raises(Misuse, match="not UTF-8 text"):
        create(paths.runs, plan)
    assert not paths.runs.exists()


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "a/b", "x" * 81, "a..b", "\x1b[0m"])
def test_a_name_that_could_leave_the_folder_or_drive_the_terminal_is_refused(
    paths: Paths, plan: Plan, run: RunFolder, name: str
) -> None:
    with pytest.raises(Misuse):
        rename(paths.runs, run, name)
    with pytest.raises(RunNotFound):
        find_run(paths.runs, name)


def test_a_name_is_taken_once(paths: Paths, plan: Plan, run: RunFolder) -> None:
    with pytest.raises(Refused, match="first"):
        create(paths.runs, plan, "first")


def test_an_unknown_run_is_told_with_a_like_one(paths: Paths, run: RunFolder) -> None:
    with pytest.raises(RunNotFound, match="Did you mean first"):
        find_run(paths.runs, "frist")


def test_runs_are_listed_with_what_they_take(paths: Paths, run: RunFolder) -> None:
    checkpoint(run, 100)
    (run.path.parent / "stray").mkdir()
    (one,) = list_runs(paths.runs)
    assert one.name == "first"
    assert one.checkpoints == 1
    assert one.size_bytes > 100


def test_a_run_with_a_damaged_plan_is_listed_and_can_be_deleted(paths: Paths, run: RunFolder) -> None:
    run.plan_file.write_text("{")
    (one,) = list_runs(paths.runs)
    assert one.plan is None
    with pytest.raises(Failed, match="damaged"):
        read_plan(run.plan_file)
    assert delete(run) > 0
    assert list_runs(paths.runs) == []


def test_a_living_run_is_neither_deleted_nor_renamed(paths: Paths, run: RunFolder) -> None:
    lock = TrainerLock.take(run.lock_file)
    with pytest.raises(Refused, match="runs stop first"):
        delete(run)
    with pytest.raises(Refused, match="runs pause first"):
        rename(paths.runs, run, "second")
    lock.release()
    assert rename(paths.runs, run, "second").plan_file.exists()


def test_the_last_and_the_best_checkpoints_are_kept(run: RunFolder) -> None:
    for step, loss in ((1, 3.0), (2, 1.0), (3, 2.0), (4, 1.5), (5, None)):
        checkpoint(run, step, loss)
    assert prune(run, keep_last=2, keep_best=1) == (1, 3)
    assert [(one.step, one.best) for one in list_checkpoints(run)] == [(2, True), (4, False), (5, False)]


def test_a_changed_cut_or_missing_file_of_a_checkpoint_is_found(run: RunFolder) -> None:
    folder = checkpoint(run, 10)
    assert find_fault(folder) == ""
    weights = folder / "model.safetensors"
    weights.write_bytes(b"x" * 9 + b"y")
    assert "model.safetensors" in find_fault(folder)
    weights.write_bytes(b"x" * 9)
    assert "model.safetensors" in find_fault(folder)
    weights.unlink()
    assert "No such file" in find_fault(folder)
    (folder / MANIFEST).write_text("{")
    assert MANIFEST in find_fault(folder)


def test_what_a_dead_trainer_left_is_not_listed_and_swept(run: RunFolder) -> None:
    checkpoint(run, 1)
    (run.checkpoints / ".step-2").mkdir()
    (run.checkpoints / "step-3").mkdir()
    (run.path / ".final").mkdir()
    preparing = run.path / ".partial-data-1"  # another process of the same run is at it
    preparing.mkdir()
    assert [one.step for one in list_checkpoints(run)] == [1]
    sweep(run)
    assert not (run.checkpoints / ".step-2").exists()
    assert not (run.path / ".final").exists()
    assert preparing.exists()


def test_a_run_is_brought_into_another_folder_whole(run: RunFolder, tmp_path: Path) -> None:
    checkpoint(run, 3)
    there = [bring(run, tmp_path / "runs").name for _ in range(2)]
    assert there == ["first", "first-2"]
    assert run.path.is_dir()
    assert [one.step for one in list_checkpoints(find_run(tmp_path / "runs", "first-2"))] == [3]


def test_a_run_that_is_trained_is_not_brought_anywhere(run: RunFolder, tmp_path: Path) -> None:
    lock = TrainerLock.take(run.lock_file)
    with pytest.raises(Refused, match="is being trained"):
        bring(run, tmp_path / "runs")
    lock.release()


@pytest.mark.parametrize(("number", "error"), [(errno.ENOSPC, DiskFull), (errno.EACCES, Failed)])
def test_a_run_that_could_not_be_copied_leaves_nothing(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Failed]
) -> None:
    def copy_half(source: Path, target: Path) -> None:
        target.mkdir(parents=True)
        (target / "plan.json").write_bytes(b"{")
        raise OSError(number, "something")

    monkeypatch.setattr(shutil, "copytree", copy_half)
    with pytest.raises(error):
        bring(run, tmp_path)
    assert list(tmp_path.glob("*first*")) == []
