"""How quick the store of conversations is when it has grown.

    python -m bench.conversations [--conversations N] [--turns N] [--json]

Builds a store of that size, and the same with a hundredth of it, in a temporary folder, and prints the median time
of each operation on both: growth is what matters, the times themselves are this machine's.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from engine.conversations import Figures, Store
from engine.protocol import Role

LONG_TURNS = 2_000
SCALE = 100
_VOCABULARY = """
the a dragon river model token learns slowly story of night and small quiet house window begins never ends letter
garden winter machine answer question because under between light stone paper road morning
"""


def fill(file: Path, *, conversations: int, turns: int, long_turns: int) -> int:
    """Fill a store and say the id of its longest conversation."""
    draw = random.Random(7)
    store = Store.open(file)
    for number in range(conversations):
        parent, mine = None, turns // conversations + (number < turns % conversations)
        conversation = store.create(model="starter", template="chat")
        for place in range(mine):
            parent = _add(store, conversation.id, parent, place, draw)
    longest, parent = store.create(title="The long one", model="starter").id, None
    for place in range(long_turns):
        parent = _add(store, longest, parent, place, draw)
    store.close()
    return longest


def _add(store: Store, conversation_id: int, parent: int | None, place: int, draw: random.Random) -> int:
    text = " ".join(draw.choices(_VOCABULARY.split(), k=20 if place % 2 == 0 else 120))
    figures = Figures(tokens=120, reason="stop") if place % 2 else None
    role: Role = "assistant" if place % 2 else "user"
    return store.add_turn(conversation_id, parent, role, text, figures=figures).id


def measure(file: Path, longest: int, repeats: int = 15) -> dict[str, float]:
    """Time each operation: the median of some repeats, in milliseconds."""
    opened: list[Store] = []
    times = {"open": _median_ms(lambda: opened.append(Store.open(file)), repeats)}
    for store in opened[1:]:
        store.close()
    store = opened[0]
    times["list 50"] = _median_ms(lambda: store.conversations(limit=50), repeats)
    times["list 50 with a query"] = _median_ms(lambda: store.conversations(query="drag quiet", limit=50), repeats)
    times["path of the long one"] = _median_ms(lambda: store.path(longest), repeats)
    times["search, common words"] = _median_ms(lambda: store.search("dragon win"), repeats)
    times["search, rare word"] = _median_ms(lambda: store.search("zeppelin"), repeats)
    times["search, no spaces"] = _median_ms(lambda: store.search("日本"), repeats)
    head = store.conversation(longest).head_id
    times["add_turn, another version"] = _median_ms(lambda: store.add_turn(longest, head, "user", "or?"), repeats)
    times["add_turn, at the end"] = _median_ms(lambda: _add_at_the_end(store, longest), repeats)
    times["select"] = _median_ms(lambda: store.select(head or 0), repeats)
    reply, text = store.add_turn(longest, head, "assistant"), _VOCABULARY * 40
    times["update_turn, streaming"] = _median_ms(lambda: store.update_turn(reply.id, text=text), repeats)
    times["update_turn, finishing"] = _median_ms(lambda: _finish(store, longest, head, text), repeats)
    store.close()
    return times


def _add_at_the_end(store: Store, conversation_id: int) -> None:
    store.add_turn(conversation_id, store.conversation(conversation_id).head_id, "user", "and then?")


def _finish(store: Store, conversation_id: int, parent: int | None, text: str) -> None:
    reply = store.add_turn(conversation_id, parent, "assistant")
    store.update_turn(reply.id, text=text, figures=Figures(reason="stop"))


def _median_ms(action: Callable[[], object], repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1000


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description="Time the store of conversations.")
    parser.add_argument("--conversations", type=int, default=2_000)
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.db", Path(folder) / "large.db"
        counts = {"conversations": chosen.conversations // SCALE, "turns": chosen.turns // SCALE}
        small_long = fill(small, **counts, long_turns=LONG_TURNS // SCALE)
        large_long = fill(large, conversations=chosen.conversations, turns=chosen.turns, long_turns=LONG_TURNS)
        few, many = measure(small, small_long), measure(large, large_long)
        size_bytes = large.stat().st_size
    if chosen.json:
        print(json.dumps({"small_ms": few, "large_ms": many, "large_bytes": size_bytes}))
        return
    print(f"{chosen.conversations} conversations, {chosen.turns} turns and a conversation of {LONG_TURNS} more,")
    print(f"{size_bytes / 1e6:.1f} MB; beside it a store of a hundredth. Medians.\n")
    print(f"{'operation':<26}{'small ms':>10}{'large ms':>10}{'ratio':>8}")
    for name, large_ms in many.items():
        print(f"{name:<26}{few[name]:>10.2f}{large_ms:>10.2f}{large_ms / few[name]:>8.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
