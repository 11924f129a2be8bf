"""What happens before there is a screen."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest
from msgspec import structs

from engine.conversations import DELETED_KEPT_S, Store
from engine.errors import ConversationNotFound
from engine.paths import Paths
from tui.start import make_services, open_store


def test_what_was_deleted_long_ago_is_removed_for_good(paths: Paths) -> None:
    deleted_at_s = 1_000_000.0
    services = make_services({"TUNESMITH_HOME": os.environ["TUNESMITH_HOME"]})

    def opened(now_s: float) -> Store:
        return open_store(structs.replace(services, now=lambda: now_s))[0]

    store = opened(deleted_at_s)
    kept, gone = store.create(title="kept"), store.create(title="gone")
    store.delete(gone.id)
    store.close()

    store = opened(deleted_at_s + DELETED_KEPT_S - 1)
    store.undelete(gone.id)
    store.delete(gone.id)
    store.close()

    store = opened(deleted_at_s + 2 * DELETED_KEPT_S)
    with pytest.raises(ConversationNotFound):
        store.undelete(gone.id)
    assert store.conversation(kept.id).title == "kept"
    store.close()


@pytest.fixture(autouse=True)
def temporary_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(home))


def opened_where_nothing_can_be_written(paths: Paths) -> tuple[Store, str]:
    services = make_services({"TUNESMITH_HOME": os.environ["TUNESMITH_HOME"]})
    # A folder in the place of a file that SQLite has to write holds for root too, whom no permission stops.
    paths.conversations_file.with_name(f"{paths.conversations_file.name}-journal").mkdir(parents=True)
    paths.conversations_file.with_name(f"{paths.conversations_file.name}-wal").mkdir()
    return open_store(services)


def test_conversations_that_can_only_be_read_are_there_as_a_copy(paths: Paths) -> None:
    store = Store.open(paths.conversations_file)
    talk = store.create(title="Last week")
    store.add_turn(talk.id, None, "user", "Hello")
    store.close()
    before = paths.conversations_file.read_bytes()

    store, told = opened_where_nothing_can_be_written(paths)
    assert [conversation.title for conversation in store.conversations()] == ["Last week"]
    assert [turn.text for turn in store.path(talk.id)] == ["Hello"]
    store.create(title="Today")
    store.close()
    assert paths.conversations_file.read_bytes() == before
    assert re.search(r"[^.]\. Until then what you write is kept in /\S+ only\.$", told)


def test_where_nothing_can_be_read_either_a_new_store_is_begun(paths: Paths) -> None:
    paths.conversations_file.mkdir(parents=True)
    store, told = opened_where_nothing_can_be_written(paths)
    assert store.conversations() == ()
    assert store.create(title="Today").title == "Today"
    store.close()
    assert "Until then what you write is kept in" in told
