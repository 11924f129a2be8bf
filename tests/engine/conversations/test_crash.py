"""Programs that die, disks that fill, files that break: what was acknowledged is there, and what went wrong is told."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.conversations import Figures, Store
from engine.conversations import schema as schema_module
from engine.errors import ConversationNotFound, StoreFailed
from tests.engine.conversations.conftest import Clock

# Says on stdout what was acknowledged, one line each, after the store's call returned.
_WRITER = """
import sys
from itertools import count
from pathlib import Path
from engine.conversations import Figures, Store
store = Store.open(Path(sys.argv[1]))
conversation, head = store.create(model=sys.argv[2]).id, None
for number in count():
    head = store.add_turn(conversation, head, "user", f"question {number} " * 20).id
    print("turn", head, 20 * len(f"question {number} "), flush=True)
    head = store.add_turn(conversation, head, "assistant").id
    for tokens in range(1, 6):
        store.update_turn(head, text="word " * tokens, figures=Figures(tokens=tokens))
        print("turn", head, 5 * tokens, flush=True)
    store.update_turn(head, figures=Figures(tokens=5, reason="stop"))
    print("done", head, 25, flush=True)
"""


@contextlib.contextmanager
def _writing(file: Path, name: str = "w") -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _WRITER, str(file), name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        try:
            yield writer
        finally:
            writer.kill()


def _acknowledged(writer: subprocess.Popen[str], lines: int) -> list[list[str]]:
    assert writer.stdout is not None
    read = [writer.stdout.readline().split() for _ in range(lines)]
    assert all(len(line) == 3 for line in read), "the writer ended by itself"
    return read


def _rest(writer: subprocess.Popen[str]) -> list[list[str]]:
    assert writer.stdout is not None
    # The kill may have cut the last line.
    return [line.split() for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]


def _check_all(store: Store, acknowledged: list[list[str]]) -> None:
    longest = {int(turn): int(length) for _, turn, length in acknowledged}
    for turn_id, length in longest.items():
        assert len(store.turn(turn_id).text) >= length
    for kind, turn, _ in acknowledged:
        figures = store.turn(int(turn)).figures
        assert kind != "done" or (figures is not None and figures.reason == "stop")
    for conversation in store.conversations():
        path = store.path(conversation.id)
        assert len(path) == conversation.turns
        assert all(turn.figures is None or turn.figures.reason in {"stop", "interrupted"} for turn in path)
    with contextlib.closing(sqlite3.connect(store._database.file)) as other:
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert other.execute("PRAGMA foreign_key_check").fetchall() == []
        other.execute("INSERT INTO turns_index (turns_index, rank) VALUES ('integrity-check', 1)")


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_to_a_kill(file: Path) -> None:
    draw = random.Random(3)
    acknowledged = []
    for _ in range(12):
        with _writing(file) as writer:
            acknowledged += _acknowledged(writer, draw.randrange(1, 60))
            writer.kill()
            acknowledged += _rest(writer)
        store = Store.open(file)
        _check_all(store, acknowledged)
        store.close()
    assert not list(file.parent.glob("*.writer-*"))


def test_two_programs_write_at_once(file: Path) -> None:
    with _writing(file, "one") as one, _writing(file, "two") as two:
        acknowledged = _acknowledged(one, 70) + _acknowledged(two, 70)
        store = Store.open(file)
        mine = store.create(model="three")
        turn = store.add_turn(mine.id, None, "user", "between the two")
        one.kill()
        two.kill()
        acknowledged += _rest(one) + _rest(two)
    assert store.turn(turn.id).text == "between the two"
    one.wait()
    two.wait()
    store.recover()
    _check_all(store, acknowledged)
    store.close()


def test_a_reply_of_a_living_program_is_left_alone(store: Store, file: Path) -> None:
    made = store.create()
    reply = store.add_turn(made.id, None, "assistant")
    store.update_turn(reply.id, text="Once", figures=Figures(tokens=1, seed=5))
    other = Store.open(file)
    assert other.recover() == store.recover() == 0
    store.update_turn(reply.id, text="Once upon")
    store.close()
    found = other.turn(reply.id)
    assert (found.text, found.figures) == ("Once upon", Figures(tokens=1, seed=5, reason="interrupted"))
    assert other.search("upon")[0].turn_id == reply.id
    other.close()


def test_the_reply_of_a_killed_program_is_interrupted_and_kept(file: Path) -> None:
    with _writing(file) as writer:
        _acknowledged(writer, 3)
    (conversation,) = (store := Store.open(file)).conversations()
    replies = [turn for turn in store.path(conversation.id) if turn.role == "assistant"]
    assert all(turn.figures and turn.figures.reason in {"stop", "interrupted"} for turn in replies)
    assert store.recover() == 0
    store.close()


def test_a_broken_file_is_kept_and_a_new_one_begun(file: Path, clock: Clock) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(b"this is no database\n" * 1000)
    store = Store.open(file, clock=clock)
    (aside,) = file.parent.glob("*.damaged-*")
    assert aside.read_bytes().startswith(b"this is no database")
    assert aside.name in store.notice
    assert store.conversations() == ()
    store.create(title="New")
    store.close()
    again = Store.open(file, clock=clock)
    assert again.notice == ""
    assert again.conversations()[0].title == "New"
    again.close()


def test_two_broken_files_are_both_kept(file: Path, clock: Clock) -> None:
    file.parent.mkdir(parents=True)
    for content in (b"one" * 2000, b"two" * 2000):
        for side in file.parent.glob("conversations.db*"):
            if "damaged" not in side.name:
                side.unlink()
        file.write_bytes(content)
        Store.open(file, clock=clock).close()
    assert {aside.read_bytes()[:3] for aside in file.parent.glob("*.damaged-*")} == {b"one", b"two"}


def _overwrite(file: Path, *, from_page: int) -> None:
    with file.open("r+b") as stream:
        pages = stream.seek(0, 2) // 4096
        for page in range(from_page, pages):
            stream.seek(page * 4096)
            stream.write(b"\xff" * 4096)


def _fill(file: Path) -> int:
    store = Store.open(file)
    made, parent = store.create(), None
    for number in range(200):
        parent = store.add_turn(made.id, parent, "user", f"number {number} " * 50).id
    store.close()
    return made.id


def test_damage_met_in_use_is_told_and_mended_at_the_next_start(file: Path, clock: Clock) -> None:
    conversation_id = _fill(file)
    _overwrite(file, from_page=40)
    store = Store.open(file, clock=clock)
    assert store.notice == ""
    with pytest.raises(StoreFailed, match="damaged") as raised:
        store.all_turns(conversation_id)
    assert raised.value.hint
    store.close()
    again = Store.open(file, clock=clock)
    assert "damaged" in again.notice
    assert list(file.parent.glob("*.damaged-*"))
    again.close()


@pytest.mark.parametrize("from_page", [1, 3, 8, 12, 20, 30])
def test_damage_anywhere_never_stops_the_program_from_starting(file: Path, clock: Clock, from_page: int) -> None:
    conversation_id = _fill(file)
    _overwrite(file, from_page=from_page)
    store = Store.open(file, clock=clock)
    with contextlib.suppress(StoreFailed, ConversationNotFound):
        store.path(conversation_id)
    store.close()
    again = Store.open(file, clock=clock)
    assert again.create(title="New").title == "New"
    assert len(list(file.parent.glob("*.damaged-*"))) == 1
    again.close()


def test_a_suspicion_that_was_wrong_changes_nothing(store: Store, file: Path) -> None:
    store.create(title="Kept")
    file.with_name(f"{file.name}.suspect").touch()
    other = Store.open(file)
    assert other.notice == ""
    assert other.conversations()[0].title == "Kept"
    assert not file.with_name(f"{file.name}.suspect").exists()
    other.close()


def test_a_newer_format_is_refused_and_left_alone(store: Store, file: Path) -> None:
    store.create(title="From the future")
    store.close()
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute(f"PRAGMA user_version = {schema_module.VERSION + 1}")
    before = file.read_bytes()
    with pytest.raises(StoreFailed, match="newer Tunesmith") as raised:
        Store.open(file)
    assert "Update" in raised.value.hint
    assert file.read_bytes() == before


def test_a_migration_that_fails_leaves_the_old_format(
    store: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(title="Old")
    store.close()
    bad = "CREATE TABLE later (id INTEGER);\nINSERT INTO nowhere VALUES (1);\n"
    with monkeypatch.context() as patched:
        patched.setattr(schema_module, "MIGRATIONS", (*schema_module.MIGRATIONS, bad))
        patched.setattr(schema_module, "VERSION", schema_module.VERSION + 1)
        with pytest.raises(StoreFailed):
            Store.open(file)
    again = Store.open(file)
    assert again.conversations()[0].title == "Old"
    assert not again._database.row("SELECT 1 FROM sqlite_schema WHERE name = 'later'")
    again.close()


def test_a_full_disk_is_told_and_loses_nothing(store: Store) -> None:
    made = store.create()
    before = store.add_turn(made.id, None, "user", "kept")
    pages = store._database.row("PRAGMA page_count")
    assert pages is not None
    store._database.row(f"PRAGMA max_page_count = {pages[0]}")
    with pytest.raises(StoreFailed, match="disk is full") as raised:
        store.add_turn(made.id, before.id, "user", "too much " * 10_000)
    assert "space" in raised.value.hint
    assert [turn.text for turn in store.path(made.id)] == ["kept"]
    store._database.row("PRAGMA max_page_count = 1000000")
    store.add_turn(made.id, before.id, "user", "room again")
    assert store.conversation(made.id).turns == 2


def test_a_read_only_database_is_told(store: Store) -> None:
    made = store.create(title="Look, don't touch")
    store._database.row("PRAGMA query_only = ON")
    with pytest.raises(StoreFailed, match="read-only"):
        store.rename(made.id, "x")
    assert store.conversation(made.id).title == "Look, don't touch"


def test_a_database_kept_busy_is_told(store: Store, file: Path) -> None:
    store._database.row("PRAGMA busy_timeout = 1")
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFailed, match="busy"):
            store.create()
        other.execute("ROLLBACK")
    store.create()


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreFailed, match="can't be opened") as raised:
        Store.open(tmp_path / "taken" / "conversations.db")
    assert "TUNESMITH_HOME" in raised.value.hint
