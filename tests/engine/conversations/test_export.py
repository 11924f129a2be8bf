"""A conversation as a document."""

from __future__ import annotations

import msgspec
import pytest

from engine.conversations import Figures, Store, export
from engine.conversations.export import ConversationFile
from engine.errors import ConversationNotFound
from engine.protocol import SamplingChange


@pytest.fixture
def talked(store: Store) -> int:
    made = store.create(model="gpt2", template="story", variables={"topic": "dragons"})
    question = store.add_turn(made.id, None, "user", "Who are you?")
    store.add_turn(made.id, question.id, "assistant", "An old version")
    figures = Figures(tokens=5, tokens_per_s=12.34, first_token_s=0.5, reason="length", seed=42, dropped_turns=2)
    sampling = SamplingChange(temperature=0.7)
    reply = store.add_turn(made.id, question.id, "assistant", model="gpt2", template="story", sampling=sampling)
    store.update_turn(reply.id, text="# A dragon\n\n```\n\x1b[2J", figures=figures)
    failed = store.add_turn(made.id, reply.id, "assistant")
    store.update_turn(failed.id, note="The model host\nended")
    return made.id


def test_markdown_reads_like_the_conversation(store: Store, talked: int) -> None:
    assert export(store, talked, "markdown") == (
        "# Who are you?\n\n"
        "- Model: gpt2\n- Template: story\n- topic: dragons\n- Started: 1970-01-12 13:46 UTC\n\n"
        "## You\n\nWho are you?\n\n"
        "## Reply (2 of 2)\n\n# A dragon\n\n```\n\x1b[2J\n\n"
        "*gpt2 · 5 tokens · 12.3 tokens/s · first token after 0.50 s · seed 42 · 2 oldest turns left out"
        " · stopped at the length limit*\n\n"
        "## Reply\n\n> Failed: The model host ended\n\n*failed*\n"
    )


def test_a_reply_that_was_cut_off_claims_no_speed(store: Store) -> None:
    made = store.create(model="gpt2")
    figures = Figures(tokens=1, tokens_per_s=0.0, first_token_s=0.0, reason="interrupted", seed=7)
    reply = store.add_turn(made.id, None, "assistant", model="gpt2")
    store.update_turn(reply.id, text="Half", figures=figures)
    assert export(store, made.id, "markdown").endswith("Half\n\n*gpt2 · 1 token · seed 7 · interrupted*\n")


def test_json_has_everything(store: Store, talked: int) -> None:
    read = msgspec.json.decode(export(store, talked, "json"), type=ConversationFile)
    assert read.format == "tunesmith-conversation"
    assert read.conversation == store.conversation(talked)
    assert read.turns == store.all_turns(talked)
    assert len(read.turns) == 4


def test_an_empty_conversation_can_be_exported(store: Store) -> None:
    made = store.create()
    assert export(store, made.id, "markdown").startswith("# Untitled\n\n- Started")
    assert msgspec.json.decode(export(store, made.id, "json"))["turns"] == []


def test_what_is_not_there_can_not_be_exported(store: Store) -> None:
    with pytest.raises(ConversationNotFound):
        export(store, 9, "markdown")
