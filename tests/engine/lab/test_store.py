"""What was acknowledged is there, whatever happens after."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from engine.errors import NotFound, StoreFailed
from engine.lab import Lab, LabStore
from engine.lab.records import Reply
from engine.lab.store import _SCHEMA, KEPT_S

_WRITER = """
import sys
from itertools import count
from pathlib import Path
from engine.lab import LabStore, Lab
from engine.lab.records import Reply
store = LabStore(Path(sys.argv[1]))
store.save(Lab(name="x", rows=(), variations=()))
for number in count():
    reply = Reply(text=f"reply {number}", reason="stop", tokens=1, prompt_tokens=1, seconds=0.0, seed=0)
    store.put("x", f"key {number}", reply)
    print(number, flush=True)
"""


def reply(text: str) -> Reply:
    return Reply(text=text, reason="stop", tokens=1, prompt_tokens=1, seconds=0.0, seed=0)


def test_a_killed_program_loses_no_cell_that_was_finished(tmp_path: Path) -> None:
    file = tmp_path / "labs.db"
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(file)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(40):
            assert writer.stdout.readline()
        writer.kill()
        last = 39 + len([line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")])
    store = LabStore(file)
    found = store.get(f"key {number}" for number in range(last + 1))
    assert {key: result.text for key, result in found.items() if isinstance(result, Reply)} == {
        f"key {number}": f"reply {number}" for number in range(last + 1)
    }
    store.close()


def test_deleting_a_lab_keeps_the_cells_of_others(store: LabStore, lab: Lab) -> None:
    other = msgspec.structs.replace(lab, name="other")
    store.save(lab)
    store.save(other)
    store.put("films", "only", reply("a"))
    store.put("films", "both", reply("b"))
    store.use("other", ["both"])
    store.delete("films")
    assert set(store.get(["only", "both"])) == {"both"}
    assert [entry.name for entry in store.list()] == ["other"]


def test_half_a_character_can_be_kept(store: LabStore, lab: Lab) -> None:
    store.save(lab)
    store.put("films", "key", reply("half \ud83d"))
    result = store.get(["key"])["key"]
    assert isinstance(result, Reply)
    assert result.text.startswith("half ")


def test_two_programs_share_a_file(store: LabStore, lab: Lab, tmp_path: Path) -> None:
    store.save(lab)
    second = LabStore(store._file)
    second.put("films", "key", reply("a"))
    assert set(store.get(["key"])) == {"key"}
    second.close()


def test_unknown_names_are_told(store: LabStore) -> None:
    with pytest.raises(NotFound, match="no-such"):
        store.load("no-such")
    with pytest.raises(NotFound):
        store.delete("no-such")


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "labs.db"
    file.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(StoreFailed, match="damaged"):
        LabStore(file)


def test_a_newer_file_is_left_alone(store: LabStore) -> None:
    store._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreFailed, match="newer"):
        LabStore(store._file)


def test_cells_that_a_lab_has_left_long_ago_are_dropped(tmp_path: Path, lab: Lab) -> None:
    now_s = [1e9]
    store = LabStore(tmp_path / "labs.db", clock=lambda: now_s[0])
    for name in ("films", "other"):
        store.save(msgspec.structs.replace(lab, name=name))
    for key in ("left", "shared", "current"):
        store.put("films", key, reply(key))
    store.use("other", ["shared"])
    now_s[0] += KEPT_S - 1
    assert store.prune("films") == 0
    now_s[0] += 2
    store.use("films", ["current"])
    assert store.prune("films") == 1
    assert set(store.get(["left", "shared", "current"])) == {"shared", "current"}
    store.close()


def test_a_file_of_the_version_before_keeps_its_cells(tmp_path: Path, lab: Lab) -> None:
    file = tmp_path / "labs.db"
    with contextlib.closing(sqlite3.connect(file)) as old, old:
        for statement in _SCHEMA:
            old.execute(statement)
        old.execute("INSERT INTO labs VALUES ('films', ?, 0)", (msgspec.json.encode(lab),))
        old.execute("INSERT INTO cells VALUES ('key', ?)", (msgspec.json.encode(reply("a")),))
        old.execute("INSERT INTO uses VALUES ('films', 'key')")
        old.execute("PRAGMA user_version = 1")
    for _ in range(2):
        store = LabStore(file)
        assert store.prune("films") == 0
        assert set(store.get(["key"])) == {"key"}
        assert store.load("films") == lab
        store.close()
