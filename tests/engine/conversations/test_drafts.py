"""What was typed and not sent, and how a message stops being that."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

import pytest

from engine.conversations import Busy, NewConversation, NewTurn, Store, schema
from engine.errors import ConversationNotFound, StoreFailed
from engine.protocol import SamplingChange

REPLY = NewTurn(role="assistant", model="gpt2", template="Plain")


def _talk(store: Store) -> tuple[int, int, int]:
    made = store.create()
    said = store.add_turn(made.id, None, "user", "Hi")
    return made.id, said.id, store.add_turn(made.id, said.id, "assistant", "Hello").id


def test_a_message_that_waits_is_part_of_the_draft_until_its_answer_begins(store: Store) -> None:
    talk, _, reply = _talk(store)
    store.set_draft(talk, "and then", waiting="What now?")
    assert store.draft(talk) == store.conversation(talk).draft == "What now?\n\nand then"
    assert store.typed(talk) == "and then"
    _, turn = store.begin_reply(talk, reply, REPLY, message="What now?")
    assert [one.text for one in store.path(talk)] == ["Hi", "Hello", "What now?", ""]
    assert turn == store.path(talk)[-1]
    assert store.draft(talk) == "and then"


def test_a_new_conversation_takes_its_draft_along(store: Store) -> None:
    store.set_draft(None, "and then", waiting="Hi")
    assert store.draft(None) == "Hi\n\nand then"
    new = NewConversation(
        model="gpt2", template="plain", variables={"a": "b"}, sampling=SamplingChange(temperature=0.0)
    )
    made, turn = store.begin_reply(new, None, REPLY, message="Hi")
    assert made == store.conversation(made.id)
    assert (made.title, made.model, made.variables) == ("Hi", "gpt2", {"a": "b"})
    assert made.sampling == SamplingChange(temperature=0.0)
    assert (made.draft, store.draft(None)) == ("and then", "")
    assert turn.conversation_id == made.id


def test_answering_a_stored_turn_leaves_the_drafts(store: Store) -> None:
    talk, said, _ = _talk(store)
    store.set_draft(talk, "and then", waiting="given back")
    _, turn = store.begin_reply(talk, said, REPLY)
    assert (turn.parent_id, turn.versions) == (said, 2)
    assert store.draft(talk) == "given back\n\nand then"


def test_a_reply_that_can_not_begin_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> str:
        raise OSError(28, "No space left on device")

    store.set_draft(None, "and then", waiting="Hi")
    monkeypatch.setattr(store._writer, "name", full)
    for _ in range(3):
        with pytest.raises(StoreFailed, match="No space left"):
            store.begin_reply(NewConversation(), None, REPLY, message="Hi")
    assert store.conversations() == ()
    assert store.draft(None) == "Hi\n\nand then"


def test_a_reply_under_a_turn_that_is_not_there_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(ConversationNotFound):
        store.begin_reply(NewConversation(), 77, REPLY, message="Hi")
    assert store.conversations() == ()


def test_each_turn_keeps_its_own_edit_and_one_of_them_is_under_way(store: Store) -> None:
    talk, said, reply = _talk(store)
    store.set_draft(talk, "a draft")
    store.set_rewrite(said, "Hi there")
    store.set_rewrite(reply, "Hello you")
    assert (store.rewrite(said), store.rewrite(reply)) == ("Hi there", "Hello you")
    assert store.rewrite_under_way(talk) == reply
    store.set_rewrite(reply, "Hello you", under_way=False)
    assert store.rewrite_under_way(talk) is None
    store.set_rewrite(said, "")
    assert store.rewrite(said) == ""
    assert store.draft(talk) == "a draft"


def test_an_edit_that_is_sent_is_one_no_more(store: Store) -> None:
    talk, said, reply = _talk(store)
    store.set_draft(talk, "a draft", waiting="given back")
    store.set_rewrite(said, "Hi there")
    store.begin_reply(talk, None, REPLY, message="Hi there", replaces=said)
    assert (store.rewrite(said), store.rewrite_under_way(talk)) == ("", None)
    assert store.draft(talk) == "given back\n\na draft"
    store.set_rewrite(reply, "Hello you")
    store.add_turn(talk, said, "assistant", "Hello you", replaces=reply)
    assert store.rewrite(reply) == ""


def test_an_edit_goes_with_its_turn(store: Store) -> None:
    talk, said, _ = _talk(store)
    store.set_rewrite(said, "Hi there")
    store.delete(talk)
    store.purge(deleted_before_s=float("inf"))
    assert store.rewrite(said) == ""
    with pytest.raises(ConversationNotFound):
        store.set_rewrite(said, "Hi there")


def test_a_write_waits_for_another_program_no_longer_than_it_was_told(file: Path) -> None:
    store = Store.open(file, busy_timeout_s=0.05)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        start_s = time.monotonic()
        with pytest.raises(Busy):
            store.set_draft(None, "x")
        assert time.monotonic() - start_s < 2.0
        other.execute("ROLLBACK")
    store.set_draft(None, "x")
    store.close()


def test_drafts_of_the_first_format_are_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        patched.setattr(schema, "VERSION", 1)
        file.parent.mkdir(parents=True)
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as old:
            schema.migrate(old)
            old.execute("INSERT INTO drafts (place, text) VALUES ('new-chat', 'half a thought')")
    store = Store.open(file)
    assert store.draft(None) == "half a thought"
    store.close()


def test_the_draft_of_a_deleted_conversation_is_kept(store: Store) -> None:
    talk, _, _ = _talk(store)
    store.set_draft(talk, "half a thought")
    store.delete(talk)
    assert (store.draft(talk), store.typed(talk)) == ("half a thought", "half a thought")
    store.undelete(talk)
    assert store.conversation(talk).draft == "half a thought"
