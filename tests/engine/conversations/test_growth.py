"""A store that has grown is as quick as a small one: no query reads what it does not show."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from engine.conversations import Figures, Store
from engine.protocol import Role

_WHOLE_TABLE = re.compile(r"SCAN (c|t|s|turns|conversations)\b")
# The list is its index read in order, up to the limit; of replies that still stream there are few.
_SHORT_INDICES = ("INDEX conversations_listed", "INDEX turns_unfinished")


class _Traced:
    """Stands in for a connection and keeps what was asked of it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.asked: list[tuple[str, Sequence[str | int | float | None]]] = []

    def execute(self, sql: str, values: Sequence[str | int | float | None] = ()) -> sqlite3.Cursor:
        """Run the statement."""
        self.asked.append((sql, values))
        return self._connection.execute(sql, values)

    def close(self) -> None:
        """Close the real one."""
        self._connection.close()


def _plans(store: Store, use: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    connection = store._database._connection
    traced = _Traced(connection)
    with monkeypatch.context() as patched:
        patched.setattr(store._database, "_connection", traced)
        use()
    asked = [(sql, values) for sql, values in traced.asked if not sql.startswith(("BEGIN", "COMMIT", "PRAGMA"))]
    steps = [row for sql, values in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    return [str(step[3]) for step in steps]


@pytest.fixture
def grown(store: Store) -> Store:
    for number in range(30):
        conversation, parent = store.create(model="gpt2"), None
        for place in range(4):
            role: Role = "assistant" if place % 2 else "user"
            parent = store.add_turn(
                conversation.id, parent, role, f"word {number} {place}", figures=Figures(reason="stop")
            ).id
    return store


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.conversations(limit=10),
        lambda store: store.conversations(query="word three", limit=10),
        lambda store: store.conversation(3),
        lambda store: store.path(3),
        lambda store: store.all_turns(3),
        lambda store: store.siblings(5),
        lambda store: store.search("word 1"),
        lambda store: store.add_turn(3, 10, "user", "more"),
        lambda store: store.select(10),
        lambda store: store.update_turn(store.add_turn(3, None, "assistant").id, text="x", note="failed"),
        lambda store: store.recover(),
        lambda store: store.purge(deleted_before_s=1.0),
        lambda store: store.rename(3, ""),
    ],
    ids=[
        "list",
        "find-in-list",
        "one",
        "path",
        "turns",
        "siblings",
        "search",
        "add",
        "select",
        "update",
        "recover",
        "purge",
        "rename",
    ],
)
def test_no_query_reads_a_whole_table(
    grown: Store, use: Callable[[Store], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = _plans(grown, lambda: use(grown), monkeypatch)
    assert steps
    scans = [step for step in steps if _WHOLE_TABLE.match(step) and not step.endswith(_SHORT_INDICES)]
    assert scans == []
    assert not [step for step in steps if "TEMP B-TREE" in step and "conversations_listed" in "".join(steps)]


def _best_s(action: Callable[[], object]) -> float:
    times = []
    for _ in range(7):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def _filled(file: Path, conversations: int) -> Store:
    store = Store.open(file)
    with store._database.transaction():
        for number in range(conversations):
            store._database.write(
                "INSERT INTO conversations (title, created_s, updated_s, model, template, variables, sampling)"
                " VALUES (?, 0, ?, '', '', '{}', '{}')",
                f"Title {number}",
                number,
            )
    return store


def test_listing_2000_conversations_costs_little_more_than_20(tmp_path: Path) -> None:
    few, many = _filled(tmp_path / "few.db", 20), _filled(tmp_path / "many.db", 2_000)
    assert len(many.conversations(limit=20)) == len(few.conversations(limit=20)) == 20
    ratio = _best_s(lambda: many.conversations(limit=20)) / _best_s(lambda: few.conversations(limit=20))
    assert ratio < 10, f"{ratio:.1f} times as long"
    few.close()
    many.close()


def test_streaming_costs_no_more_at_the_end_of_a_long_conversation(tmp_path: Path) -> None:
    costs = []
    for length in (20, 1_000):
        store = Store.open(tmp_path / f"{length}.db")
        made, parent = store.create(), None
        for _ in range(length):
            parent = store.add_turn(made.id, parent, "user", "a few words").id
        reply = store.add_turn(made.id, parent, "assistant")
        costs.append(_best_s(partial(store.update_turn, reply.id, text="word " * 200)))
        store.close()
    assert costs[1] / costs[0] < 10, f"{costs[1] / costs[0]:.1f} times as long"
