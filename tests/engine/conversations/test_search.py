"""What a typed query finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conversations import Figures, Store
from tests.engine.conversations.conftest import Clock
from tests.examples import examples


def _say(store: Store, *texts: str, title: str = "") -> int:
    made, parent = store.create(title=title), None
    for text in texts:
        parent = store.add_turn(made.id, parent, "user", text).id
    return made.id


@pytest.mark.parametrize(
    "query",
    [
        "dragon",
        "drag",
        "DRAGON",
        "dragon river",
        "river dragon",
        "naive",
        "naïve",
        "don't",
        "日本",
        "本語",
        "日本 dragon",
        "😀",
        "สวัสดี",
        "c++",
        "  drag\tri ",
        "dragon?",
    ],
)
def test_words_are_found_however_they_are_typed(store: Store, query: str) -> None:
    _say(store, "nothing of the kind", "The Dragon don't cross the river, naïve 日本語 😀 สวัสดีชาวโลก c++ dragon?")
    assert [hit.turn_id for hit in store.search(query)] == [2]
    assert len(store.conversations(query=query)) == 1


@pytest.mark.parametrize("query", ["unicorn", "ragon", "dragon unicorn", "中文", "🚀", "dragon 中文"])
def test_what_is_not_there_is_not_found(store: Store, query: str) -> None:
    _say(store, "A dragon, 日本語 😀")
    assert store.search(query) == ()
    assert store.conversations(query=query) == ()


@pytest.mark.parametrize(
    "query", ['"', '"OR', "AND", "NEAR(", "a* OR b", "text:x", "^x", "(", "*", "%", "-x", "\x00", "a\x00b"]
)
def test_nothing_typed_is_an_operator(store: Store, query: str) -> None:
    _say(store, "unrelated")
    assert store.search(query) == ()
    assert store.conversations(query=query.strip("\x00")) == () or query == "\x00"


@examples(60)
@given(st.text(st.characters(exclude_categories=[]), max_size=40))
def test_no_query_is_refused(store: Store, query: str) -> None:
    store.search(query)
    store.conversations(query=query)


@examples(60)
@given(st.text(st.characters(categories=["L", "N", "Z", "P", "S"]), min_size=1, max_size=40))
def test_every_text_is_found_by_its_own_words(store: Store, text: str) -> None:
    conversation_id = _say(store, text, title="t")
    found = {hit.conversation_id for hit in store.search(text, limit=1_000_000)}
    assert conversation_id in found or not text.split()
    store.delete(conversation_id)


def test_an_empty_query_lists_all_and_finds_nothing(store: Store) -> None:
    _say(store, "hello")
    assert store.search("  ") == ()
    assert len(store.conversations(query="  ")) == 1


def test_the_words_of_a_list_query_may_be_far_apart(store: Store) -> None:
    wanted = _say(store, "about dragons", "and rivers", title="Homework")
    _say(store, "about dragons", title="Play")
    assert [one.id for one in store.conversations(query="homework dragon river")] == [wanted]


def test_hits_come_newest_first_with_the_line_around_them(store: Store, clock: Clock) -> None:
    first = _say(store, "x" * 100 + "\nbefore the dragon\tand after " + "y " * 200, title="One")
    clock.tick()
    second = _say(store, "a dragon", title="Two")
    hits = store.search("drag")
    assert [hit.conversation_id for hit in hits] == [second, first]
    assert hits[1].snippet.startswith("…")
    assert hits[1].snippet.endswith("…")
    assert "before the dragon and after" in hits[1].snippet
    assert (hits[0].snippet, hits[0].title, hits[0].role, hits[0].created_s) == ("a dragon", "Two", "user", clock.now_s)
    assert len(store.search("drag", limit=1)) == 1


def test_a_title_is_found_where_no_turn_has_the_words(store: Store) -> None:
    made = _say(store, "hello", title="Dragons")
    (hit,) = store.search("dragon")
    assert (hit.conversation_id, hit.turn_id, hit.role) == (made, None, None)
    store.rename(made, "Rivers")
    assert store.search("dragon") == ()
    assert store.search("river")[0].title == "Rivers"


def test_turns_outside_the_active_branch_are_found(store: Store) -> None:
    made = store.create()
    question = store.add_turn(made.id, None, "user", "Who?")
    old = store.add_turn(made.id, question.id, "assistant", "A dragon")
    store.add_turn(made.id, question.id, "assistant", "A knight")
    (hit,) = store.search("dragon")
    assert hit.turn_id == old.id


def test_a_reply_is_found_once_it_is_finished(store: Store) -> None:
    made = store.create()
    reply = store.add_turn(made.id, None, "assistant")
    store.update_turn(reply.id, text="a drag")
    assert store.search("drag") == ()
    store.update_turn(reply.id, text="a dragon", figures=Figures(reason="stop"))
    assert [hit.turn_id for hit in store.search("dragon")] == [reply.id]
