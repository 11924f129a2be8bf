"""A few conversations, as if they had been held over the last days."""

from __future__ import annotations

from engine.conversations import Figures, Store
from engine.paths import Paths

NOW_S = 1_790_000_000.0
HOUR_S = 3600.0

OTHERS = (
    ("Is this review positive?", "positive", 50 * HOUR_S),
    ("How far is the moon?", "About 384,000 kilometres.", 26 * HOUR_S),
    ("Translate: Good morning", "Bonjour", 3 * HOUR_S),
)
QUESTION = "The lighthouse keeper opened the door and"
FIRST = " found nobody there. The wind had done it, as it did every night in October."
ANSWER = (
    " saw that the sea had come up to the third step. She had never seen it so high. On the second step, neatly,"
    " as if someone had put it there for her to find, stood a pair of small red boots.\n\n"
    "She looked left, and right, and out to where the last boat had gone. Then she took the boots inside and set"
    " them by the stove to dry."
)
MORE = "In the morning"
LAST = " they were gone, and on the floor there were wet footprints that led not to the door, but to the stairs."
FIGURES = Figures(
    tokens=87, prompt_tokens=9, seconds=2.2, first_token_s=0.12, tokens_per_s=41.2, reason="stop", seed=42
)


def store_talks(paths: Paths) -> None:
    """Store a few conversations, as if they had been held over the last days."""
    clock = [NOW_S]
    store = Store.open(paths.conversations_file, clock=lambda: clock[0])
    for question, answer, ago_s in OTHERS:
        clock[0] = NOW_S - ago_s
        talk = store.create(model="gpt2", template="plain")
        turn = store.add_turn(talk.id, None, "user", question)
        store.add_turn(talk.id, turn.id, "assistant", answer, model="gpt2", template="Plain", figures=FIGURES)
    clock[0] = NOW_S - 60
    talk = store.create(model="gpt2", template="plain")
    turn = store.add_turn(talk.id, None, "user", QUESTION)
    store.add_turn(talk.id, turn.id, "assistant", FIRST, model="gpt2", template="Plain", figures=FIGURES)
    reply = store.add_turn(talk.id, turn.id, "assistant", ANSWER, model="gpt2", template="Plain", figures=FIGURES)
    turn = store.add_turn(talk.id, reply.id, "user", MORE)
    store.add_turn(talk.id, turn.id, "assistant", LAST, model="gpt2", template="Plain", figures=FIGURES)
    store.close()
