from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.atomic import write_atomically, write_new
from engine.memory import MAX_RECENT_MODELS, Memory, load_memory, save_memory

FULL = Memory(
    model="gpt2",
    template="story",
    theme="light",
    markdown=True,
    sidebar_folded=True,
    dock_shown=True,
    recent_models=("gpt2", "/models/mine"),
)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "state" / "memory.json"
    save_memory(file, FULL)
    assert load_memory(file) == FULL
    assert [path.name for path in file.parent.iterdir()] == ["memory.json"]


def test_nothing_saved_is_nothing_remembered(tmp_path: Path) -> None:
    assert load_memory(tmp_path / "memory.json") == Memory()
    assert load_memory(tmp_path) == Memory()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"3", b'"x"', b"null", b"[" * 100_000, b"\0" * 100])
def test_a_torn_or_foreign_file_is_nothing_remembered(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "memory.json").write_bytes(content)
    assert load_memory(tmp_path / "memory.json") == Memory()


def test_a_field_of_the_wrong_type_is_forgotten_and_the_others_stay(tmp_path: Path) -> None:
    found = {"model": 3, "template": "story", "markdown": "yes", "recent_models": [1], "of_a_later_version": {}}
    (tmp_path / "memory.json").write_text(json.dumps(found))
    assert load_memory(tmp_path / "memory.json") == Memory(template="story")


def test_changes_make_a_copy_and_the_list_of_models_stays_short() -> None:
    changed = FULL.with_(theme="dark", recent_models=tuple(map(str, range(100))))
    assert changed.theme == "dark"
    assert changed.model == "gpt2"
    assert len(changed.recent_models) == MAX_RECENT_MODELS
    assert FULL.theme == "light"


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    write_atomically(file, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_new_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_new(file, b"new")
    assert list(tmp_path.iterdir()) == []
    write_new(file, b"new")
    with pytest.raises(FileExistsError):
        write_new(file, b"newer")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"new")]


@pytest.mark.parametrize("has_second_names", [True, False])
def test_a_new_file_does_not_take_the_place_of_one_that_came_up_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_second_names: bool
) -> None:
    file, fsync, link = tmp_path / "file", os.fsync, os.link

    def be_slow(handle: int) -> None:
        fsync(handle)
        file.write_bytes(b"another's")

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fsync", be_slow)
    monkeypatch.setattr(os, "link", link if has_second_names else refuse)
    with pytest.raises(FileExistsError):
        write_new(file, b"mine")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"another's")]


def test_a_new_file_can_be_written_where_there_are_no_second_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write_new(tmp_path / "file", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept" / "file")
    write_atomically(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "kept" / "file").read_bytes() == b"x"


def test_a_file_is_whole_whenever_its_writer_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "memory.json"
    code = (
        "import sys, pathlib, itertools\n"
        "from engine.memory import Memory, save_memory\n"
        "for n in itertools.count():\n"
        "    save_memory(pathlib.Path(sys.argv[1]), Memory(model=str(n) * 20000, theme='light'))\n"
        "    print(n, flush=True)\n"
    )
    for writes in (1, 3, 7):
        writer = subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(writes):
            assert writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        writer.communicate(timeout=30)
        assert load_memory(file).theme == "light"
