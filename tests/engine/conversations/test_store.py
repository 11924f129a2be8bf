"""Conversations and turns, as one program sees them."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from engine.conversations import Figures, Store
from engine.errors import ConversationNotFound, Misuse
from engine.protocol import SamplingChange
from tests.engine.conversations.conftest import Clock


def test_nothing_is_written_before_the_store_is_opened(file: Path) -> None:
    assert not file.parent.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_others_can_not_read_what_was_said(store: Store, file: Path) -> None:
    store.create(title="Secret")
    for written in file.parent.glob("conversations.db*"):
        assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_conversation_remembers_what_it_was_begun_with(store: Store, clock: Clock) -> None:
    made = store.create(
        title="T",
        model="gpt2",
        template="story",
        variables={"topic": "dragons"},
        sampling=SamplingChange(temperature=0.5),
    )
    assert made == store.conversation(made.id)
    assert (made.title, made.model, made.template) == ("T", "gpt2", "story")
    assert made.variables == {"topic": "dragons"}
    assert made.sampling == SamplingChange(temperature=0.5)
    assert made.created_s == made.updated_s == clock.now_s
    assert (made.turns, made.head_id, made.draft) == (0, None, "")


def test_choosing_changes_only_what_was_named(store: Store) -> None:
    made = store.create(model="gpt2", template="story", variables={"topic": "dragons"})
    store.choose(made.id, template="chat", sampling=SamplingChange(top_k=3))
    changed = store.conversation(made.id)
    assert (changed.model, changed.template) == ("gpt2", "chat")
    assert changed.variables == {"topic": "dragons"}
    assert changed.sampling == SamplingChange(top_k=3)


def test_the_list_shows_what_changed_last_first(store: Store, clock: Clock) -> None:
    first, second, third = (store.create(title=name).id for name in "abc")
    clock.tick()
    store.add_turn(first, None, "user", "hello")
    assert [one.id for one in store.conversations()] == [first, third, second]
    assert [one.id for one in store.conversations(limit=1, offset=1)] == [third]


def test_drafts_and_titles_do_not_reorder_the_list(store: Store, clock: Clock) -> None:
    first, second = store.create().id, store.create().id
    clock.tick()
    store.set_draft(first, "half a thou")
    store.rename(first, "Renamed")
    assert [one.id for one in store.conversations()] == [second, first]


def test_drafts_survive(store: Store, file: Path) -> None:
    made = store.create()
    store.set_draft(made.id, "for this one\n")
    store.set_draft(None, "for a new one")
    with_second_program = Store.open(file)
    assert with_second_program.draft(made.id) == "for this one\n"
    assert with_second_program.draft(None) == "for a new one"
    with_second_program.close()
    store.set_draft(None, "")
    assert store.draft(None) == ""


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("Tell me a story", "Tell me a story"),
        ("\n\n  Dear model,\nplease answer", "Dear model,"),
        ("many   spaces\tand tabs", "many spaces and tabs"),
        ("word " * 40, "word " * 11 + "word…"),
        ("x" * 100, "x" * 59 + "…"),
        ("  \n ", ""),
    ],
)
def test_the_first_message_makes_the_title(store: Store, message: str, title: str) -> None:
    made = store.create()
    root = store.add_turn(made.id, None, "system", "Be brief.")
    store.add_turn(made.id, root.id, "user", message)
    assert store.conversation(made.id).title == title


def test_a_title_that_was_given_stays(store: Store) -> None:
    made = store.create(title="Mine")
    store.add_turn(made.id, None, "user", "hello")
    assert store.conversation(made.id).title == "Mine"


def test_renaming_to_nothing_brings_the_made_title_back(store: Store) -> None:
    made = store.create()
    store.add_turn(made.id, None, "user", "hello there")
    store.rename(made.id, "  A\nname ")
    assert store.conversation(made.id).title == "A name"
    store.rename(made.id, " ")
    assert store.conversation(made.id).title == "hello there"


def test_a_reply_streams_and_is_finished(store: Store, clock: Clock) -> None:
    made = store.create()
    question = store.add_turn(made.id, None, "user", "Who?")
    reply = store.add_turn(made.id, question.id, "assistant", model="gpt2", template="chat")
    store.update_turn(reply.id, text="Me", figures=Figures(tokens=1, prompt_tokens=9))
    clock.tick()
    figures = Figures(tokens=2, prompt_tokens=9, seconds=0.5, reason="stop", seed=7, stop_text="\nUser:")
    store.update_turn(reply.id, text="Me, of course", figures=figures)
    found = store.path(made.id)
    assert [turn.text for turn in found] == ["Who?", "Me, of course"]
    assert (found[1].figures, found[1].model, found[1].template) == (figures, "gpt2", "chat")
    assert store.conversation(made.id).updated_s == clock.now_s


def test_a_failed_reply_keeps_its_text_and_says_why(store: Store) -> None:
    made = store.create()
    reply = store.add_turn(made.id, None, "assistant", figures=Figures(tokens=3))
    store.update_turn(reply.id, text="Half a", note="The model host ended")
    found = store.turn(reply.id)
    assert (found.text, found.note) == ("Half a", "The model host ended")
    assert found.figures == Figures(tokens=3, reason="failed")


def test_a_finished_text_never_changes(store: Store) -> None:
    made = store.create()
    said = store.add_turn(made.id, None, "user", "I meant this")
    with pytest.raises(Misuse, match="finished"):
        store.update_turn(said.id, text="or that")
    with pytest.raises(Misuse, match="finished"):
        store.update_turn(said.id, text="or that", figures=Figures(reason="stop"))
    with pytest.raises(Misuse, match="finished"):
        store.update_turn(said.id, figures=Figures())
    store.update_turn(said.id, text="I meant this")
    store.update_turn(said.id, note="but it failed later")
    assert store.turn(said.id).text == "I meant this"


def test_a_version_beside_a_turn_is_a_branch_to_walk(store: Store) -> None:
    made = store.create()
    question = store.add_turn(made.id, None, "user", "Who?")
    first = store.add_turn(made.id, question.id, "assistant", "Me")
    after = store.add_turn(made.id, first.id, "user", "Really?")
    second = store.add_turn(made.id, question.id, "assistant", "You")
    assert [turn.text for turn in store.path(made.id)] == ["Who?", "You"]
    assert (second.version, second.versions) == (2, 2)
    assert store.siblings(second.id) == (first.id, second.id)
    store.select(first.id)
    assert [turn.text for turn in store.path(made.id)] == ["Who?", "Me", "Really?"]
    assert store.conversation(made.id).head_id == after.id
    assert [turn.versions for turn in store.path(made.id)] == [1, 2, 1]
    assert len(store.all_turns(made.id)) == store.conversation(made.id).turns == 4


def test_the_first_message_has_versions_too(store: Store) -> None:
    mine, other = store.create(), store.create()
    first = store.add_turn(mine.id, None, "user", "a")
    store.add_turn(other.id, None, "user", "elsewhere")
    second = store.add_turn(mine.id, None, "user", "b")
    assert store.siblings(first.id) == (first.id, second.id)
    assert second.version == 2


def test_deleting_hides_and_undeleting_brings_back(store: Store) -> None:
    made = store.create()
    store.add_turn(made.id, None, "user", "hello")
    before = store.conversation(made.id)
    store.delete(made.id)
    assert store.conversations() == ()
    assert store.search("hello") == ()
    with pytest.raises(ConversationNotFound, match="was deleted") as raised:
        store.conversation(made.id)
    assert "restore" in raised.value.hint
    store.undelete(made.id)
    assert store.conversations() == (before,)


def test_a_reply_to_a_deleted_conversation_brings_it_back(store: Store) -> None:
    made = store.create()
    store.delete(made.id)
    store.add_turn(made.id, None, "user", "typed while another program deleted it")
    assert store.conversations()[0].id == made.id


def test_purging_removes_only_what_was_deleted_before(store: Store, clock: Clock) -> None:
    kept, recent, old = (store.create(title=name).id for name in ("kept", "recent", "old"))
    parent = None
    for number in range(1_100):  # deeper than SQLite lets cascades nest
        parent = store.add_turn(old, parent, "user", f"word{number}").id
    store.delete(old)
    clock.tick()
    store.delete(recent)
    assert store.purge(deleted_before_s=clock.now_s) == 1
    store.undelete(recent)
    assert {one.id for one in store.conversations()} == {kept, recent}
    assert store.search("word7") == ()
    with pytest.raises(ConversationNotFound):
        store.undelete(old)
    assert store.create().id > old


def test_what_is_not_there_is_said_to_be_missing(store: Store) -> None:
    mine, other = store.create(), store.create()
    elsewhere = store.add_turn(other.id, None, "user", "hello")
    for number in (0, -1, 99, 2**70):
        with pytest.raises(ConversationNotFound):
            store.conversation(number)
        with pytest.raises(ConversationNotFound):
            store.path(number)
        with pytest.raises(ConversationNotFound):
            store.rename(number, "x")
        with pytest.raises(ConversationNotFound):
            store.select(number)
        with pytest.raises(ConversationNotFound):
            store.siblings(number)
        with pytest.raises(ConversationNotFound):
            store.update_turn(number, text="x")
        with pytest.raises(ConversationNotFound):
            store.update_turn(number, figures=Figures(reason="stop"))
        with pytest.raises(ConversationNotFound):
            store.add_turn(number, None, "user", "x")
    with pytest.raises(ConversationNotFound):
        store.add_turn(mine.id, elsewhere.id, "user", "a parent in another conversation")
    assert store.conversation(mine.id).turns == 0


@pytest.mark.parametrize("text", ["", "\x00\x1b[2J\x9b", "e\u0301 😀 日本 \u202e", "a\r\nb\rc", "\n\n"])
def test_text_comes_back_as_it_went_in(store: Store, text: str) -> None:
    made = store.create()
    turn = store.add_turn(made.id, None, "user", text)
    store.set_draft(made.id, text)
    assert store.turn(turn.id).text == store.draft(made.id) == text


def test_half_a_character_does_not_break_the_store(store: Store) -> None:
    made = store.create(title="\ud83d", model="\ud83d", variables={"topic": "\ud83d"})
    turn = store.add_turn(
        made.id, None, "user", "broken \ud83d emoji", figures=Figures(reason="stop", stop_text="\ud83d")
    )
    assert turn.text == "broken \ufffd emoji"
    assert store.search("\ud83d broken")[0].turn_id == turn.id
    assert store.conversation(made.id).variables == {"topic": "\ufffd"}


def test_closing_twice_does_nothing(store: Store) -> None:
    store.close()
    store.close()


def test_what_was_said_last_is_read_from_all_conversations_but_deleted_ones(store: Store) -> None:
    kept, gone = store.create(), store.create()
    first = store.add_turn(kept.id, None, "user", "one")
    store.add_turn(gone.id, None, "user", "secret")
    reply = store.add_turn(kept.id, first.id, "assistant", "answer")
    store.add_turn(kept.id, reply.id, "user", "two")
    store.delete(gone.id)
    assert store.last_said() == ("one", "two")
    assert store.last_said(limit=1) == ("two",)
