"""What is kept of prepared rows, and what is let go."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from engine.cli.checks.places import check_prepared
from engine.corpus.prepared import RECORD, list_prepared, lock_file_of, prune_prepared
from engine.corpus.spec import DataSpec
from engine.data import prepare
from engine.data.table import RowWriter
from engine.paths import Paths
from tests.engine.cli.conftest import Outcome, command
from tests.engine.data.conftest import Write, byte_level

__all__ = ["command"]
Command = Callable[..., Outcome]
DAY_S = 86_400.0
NOW = 100 * DAY_S
ROWS = [{"text": f"a fine film, number {number}"} for number in range(20)]


def kept_set(cache: Path, letter: str, *, size_bytes: int = 100, age_days: float = 1) -> Path:
    folder = cache / (letter * 32)
    folder.mkdir(parents=True)
    (folder / "rows.arrow").write_bytes(b"x" * size_bytes)
    (folder / RECORD).write_bytes(b"")
    os.utime(folder / RECORD, (NOW - age_days * DAY_S,) * 2)
    return folder


def names(cache: Path) -> list[str]:
    return [one.folder.name[0] for one in list_prepared(cache)]


def test_what_was_used_longest_ago_goes_until_the_rest_fits(tmp_path: Path) -> None:
    for age, letter in enumerate("abcd"):
        kept_set(tmp_path, letter, age_days=age)
    freed = prune_prepared(tmp_path, now=NOW, max_bytes=250)
    assert (freed.sets, freed.size_bytes, len(freed.kept)) == (2, 200, 2)
    assert names(tmp_path) == ["a", "b"]


def test_what_was_not_used_for_long_goes_though_there_is_room(tmp_path: Path) -> None:
    kept_set(tmp_path, "a", age_days=29)
    kept_set(tmp_path, "b", age_days=31)
    assert prune_prepared(tmp_path, now=NOW, max_bytes=10**9).sets == 1
    assert names(tmp_path) == ["a"]


def test_what_a_run_has_or_a_process_is_writing_stays(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    linked, written = kept_set(cache, "a"), kept_set(cache, "b")
    (tmp_path / "run").mkdir()
    os.link(linked / "rows.arrow", tmp_path / "run" / "rows.arrow")
    with FileLock(lock_file_of(written)):
        assert prune_prepared(cache, now=NOW, max_bytes=0).sets == 0
    assert names(cache) == ["a", "b"]
    (tmp_path / "run" / "rows.arrow").unlink()
    assert prune_prepared(cache, now=NOW, max_bytes=0).sets == 2


def test_what_died_half_written_is_swept_and_nothing_of_others_is_touched(tmp_path: Path) -> None:
    left = tmp_path / f".partial-{'a' * 32}-77"
    left.mkdir()
    written = tmp_path / f".partial-{'b' * 32}-78"
    written.mkdir()
    (tmp_path / "diary").mkdir()
    with FileLock(lock_file_of(tmp_path / ("b" * 32))):
        prune_prepared(tmp_path, now=NOW, max_bytes=0)
    assert not left.exists()
    assert written.exists()
    assert (tmp_path / "diary").exists()


def test_a_dry_run_frees_nothing(tmp_path: Path) -> None:
    kept_set(tmp_path, "a")
    assert prune_prepared(tmp_path, now=NOW, max_bytes=0, dry=True).size_bytes == 100
    assert names(tmp_path) == ["a"]


@pytest.mark.slow
def test_preparing_prunes_and_marks_what_it_used(write: Write, tmp_path: Path) -> None:
    old = kept_set(tmp_path / "cache", "a", age_days=99)
    spec = DataSpec(source=str(write("rows.jsonl", ROWS)))
    for run in ("one", "two"):
        prepare(spec, byte_level(), max_length=64, folder=tmp_path / run, cache=tmp_path / "cache")
        assert not old.exists()
        (mine,) = list_prepared(tmp_path / "cache")
        assert mine.is_in_use
        os.utime(mine.folder / RECORD, (mine.used_at - DAY_S,) * 2)
    (mine,) = list_prepared(tmp_path / "cache")
    prepare(spec, byte_level(), max_length=64, folder=tmp_path / "three", cache=tmp_path / "cache")
    assert list_prepared(tmp_path / "cache")[0].used_at > mine.used_at


@pytest.mark.slow
def test_a_cache_without_room_costs_a_run_nothing(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = RowWriter.__init__

    def full(self: RowWriter, file: Path) -> None:
        if (tmp_path / "cache") in file.parents:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, file)

    monkeypatch.setattr(RowWriter, "__init__", full)
    spec = DataSpec(source=str(write("rows.jsonl", ROWS)))
    prepared = prepare(spec, byte_level(), max_length=64, folder=tmp_path / "data", cache=tmp_path / "cache")
    assert len(prepared.train) + len(prepared.evaluation) == 20
    assert list_prepared(tmp_path / "cache") == ()


def test_a_source_that_breaks_off_empties_no_cache(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = DataSpec(source=str(write("rows.jsonl", ROWS)))
    prepare(spec, byte_level(), max_length=64, folder=tmp_path / "one", cache=tmp_path / "cache")
    shutil.rmtree(tmp_path / "one")
    (kept,) = list_prepared(tmp_path / "cache")

    def broken(*_: object, **__: object) -> None:
        raise ConnectionError("the hub does not answer")

    monkeypatch.setattr("engine.data.preparation._write_rows", broken)
    with pytest.raises(ConnectionError):
        prepare(spec, byte_level(), max_length=32, folder=tmp_path / "two", cache=tmp_path / "cache")
    assert [one.folder for one in list_prepared(tmp_path / "cache")] == [kept.folder]


def test_it_can_be_freed_by_hand_and_doctor_tells_of_it(command: Command, paths: Paths) -> None:
    kept_set(paths.prepared, "a", size_bytes=2000)
    (check,) = check_prepared(paths)
    assert check.found == "2 kB of 1 data set; at most 4 GB are kept, for 30 days after the last use"
    assert "tunesmith data prune" in check.hint
    assert "2 kB of 1 data set would be free again" in command("data", "prune", "--dry-run").err
    assert command("data", "prune", "--json").json == {"freed_sets": 1, "freed_bytes": 2000, "kept": []}
    assert list_prepared(paths.prepared) == ()
