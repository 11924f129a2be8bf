"""The bridge: every event arrives, in order, in few batches."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.protocol import (
    AnyCommand,
    AnyEvent,
    CountTokens,
    GenerationFinished,
    GenerationStarted,
    Prompt,
    Template,
    TokensCounted,
    TokensEmitted,
)
from tests.fakes.jumping_loop import run_jumping
from tui.bridge import (
    BEHIND_KEY_S,
    LONGEST_HOLD_S,
    MAX_INTERVAL_S,
    MIN_INTERVAL_S,
    TYPING_INTERVAL_S,
    TYPING_S,
    Bridge,
    EventsArrived,
    HostEvent,
    join_tokens,
)
from tui.typist import Typist

PROMPT = Prompt(template=Template(id="plain", name="Plain", kind="completion", body="{{ message }}"), turns=())
TOKENS = 2_000


class Flood:
    """A client whose host sends tokens as fast as they are taken."""

    def __init__(self) -> None:
        self.cancelled: list[int] = []

    async def request(self, command: AnyCommand) -> AsyncIterator[AnyEvent]:
        yield GenerationStarted(
            id=command.id, prompt_tokens=3, cached_tokens=0, context_tokens=64, dropped_turns=0, seed=1
        )
        for number in range(TOKENS):
            await asyncio.to_thread(int) if number % 100 == 0 else await asyncio.sleep(0)
            yield TokensEmitted(id=command.id, text=f"{number} ", ids=(number,))
        yield GenerationFinished(
            id=command.id, reason="stop", tokens=TOKENS, prompt_tokens=3, seconds=1, first_token_s=0.1, tokens_per_s=9
        )

    async def cancel(self, target: int) -> None:
        self.cancelled.append(target)

    async def aclose(self) -> None:
        return None


Batch = tuple[float, tuple[HostEvent, ...]]


async def flooded(batches: list[Batch], **options: Any) -> list[float]:
    """Take a flood in through a bridge; gives the seconds between its batches."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def post(message: EventsArrived) -> None:
        batches.append((loop.time(), message.events))
        if any(isinstance(event, GenerationFinished) for event in message.events):
            done.set()

    bridge = Bridge(Flood(), post, **options)  # type: ignore[arg-type]
    bridge.run(CountTokens(id=7, prompt=PROMPT))
    await asyncio.wait_for(done.wait(), 30)
    await bridge.close()
    assert len(batches) > 1
    return [later[0] - earlier[0] for earlier, later in itertools.pairwise(batches)]


async def test_a_flood_of_tokens_arrives_whole_in_few_batches() -> None:
    batches: list[Batch] = []
    gaps = await flooded(batches)
    text = "".join(e.text for _, events in batches for e in events if isinstance(e, TokensEmitted))
    assert text == "".join(f"{number} " for number in range(TOKENS))
    assert all(gap >= MIN_INTERVAL_S - 0.002 for gap in gaps)
    assert len(batches) < TOKENS / 10


@pytest.mark.parametrize(("work_s", "interval_s"), [(0.01, MIN_INTERVAL_S), (0.04, 0.08), (9.0, MAX_INTERVAL_S)])
async def test_half_of_the_time_is_left_to_the_keys(work_s: float, interval_s: float) -> None:
    batches: list[Batch] = []
    gaps = await flooded(batches, busy_clock=lambda: len(batches) * work_s)
    assert all(gap >= interval_s - 0.002 for gap in gaps)


class Steady(Flood):
    """A client whose host sends a hundred tokens a second."""

    async def request(self, command: AnyCommand) -> AsyncIterator[AnyEvent]:
        while True:
            await asyncio.sleep(0.01)
            yield TokensEmitted(id=command.id, text="word ", ids=(1,))


PAINTED_S = 0.006
"""From a key to its paint."""


def typed(
    key_times_s: Sequence[float], until_s: float, *, paints: bool = True, writes: bool = True, work_s: float = 0.0
) -> list[float]:
    """Take a steady reply in while keys come; gives the times of its batches, which are work, from the first key on."""

    async def type_on() -> list[float]:
        loop, typist, times_s = asyncio.get_running_loop(), Typist(), list[float]()
        bridge = Bridge(
            Steady(),  # type: ignore[arg-type]
            lambda _: times_s.append(loop.time()),
            busy_clock=lambda: work_s * len(times_s),
            typist=typist,
        )
        bridge.run(CountTokens(id=7, prompt=PROMPT))
        for time_s in key_times_s:
            loop.call_at(time_s, lambda: typist.key_came(loop.time(), writes=writes))
            if paints:
                loop.call_at(time_s + PAINTED_S, typist.key_seen)
        await asyncio.sleep(until_s)
        await bridge.close()
        return [time_s for time_s in times_s if time_s >= key_times_s[0]]

    return run_jumping(type_on())


def gaps_of(times_s: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times_s)]


def test_a_reply_is_drawn_right_behind_keys_that_were_painted() -> None:
    pace = random.Random(3)
    keys_s = list(itertools.accumulate((pace.uniform(0.06, 0.15) for _ in range(100)), initial=1.0))
    batches_s = typed(keys_s, keys_s[-1] + 0.02)
    behind_s = [min(time_s - key_s for key_s in keys_s if key_s <= time_s) for time_s in batches_s]
    assert behind_s == pytest.approx([PAINTED_S + BEHIND_KEY_S] * len(batches_s), abs=0.001)
    assert max(gaps_of(batches_s)) < LONGEST_HOLD_S
    assert len(batches_s) > len(keys_s) / 2


@pytest.mark.parametrize("apart_s", [1 / 30, 0.012, 0.003])
def test_keys_that_are_held_down_neither_hold_a_reply_up_nor_hurry_it(apart_s: float) -> None:
    batches_s = typed([1 + number * apart_s for number in range(int(2 / apart_s))], 3.0)
    gaps_s = gaps_of(batches_s)
    assert min(gaps_s[1:]) >= TYPING_INTERVAL_S - 0.001
    assert max(gaps_s) < TYPING_INTERVAL_S + apart_s + 0.01


@pytest.mark.parametrize(("work_s", "interval_s"), [(0.06, 0.12), (0.5, MAX_INTERVAL_S)])
def test_a_frame_that_takes_long_rests_behind_keys_too(work_s: float, interval_s: float) -> None:
    gaps_s = gaps_of(typed([1 + number / 30 for number in range(60)], 3.0, work_s=work_s))
    assert min(gaps_s[1:]) >= interval_s - 0.001
    assert max(gaps_s) < interval_s + 1 / 30 + 0.01


def test_a_reply_waits_for_no_key_that_does_not_come() -> None:
    batches_s = typed([1.0, 1.45, 1.9], 4.0, paints=False)
    while_typing_s = [time_s for time_s in batches_s if time_s < 1.9 + TYPING_S]
    assert gaps_of(while_typing_s) == pytest.approx([LONGEST_HOLD_S] * 3, abs=0.01)
    after_s = [time_s for time_s in batches_s if time_s > 1.9 + TYPING_S + 0.001]
    assert gaps_of(after_s) == pytest.approx([MIN_INTERVAL_S] * (len(after_s) - 1), abs=0.011)


def test_a_key_that_asks_for_something_does_not_wait_for_another_one() -> None:
    batches_s = typed([1.0, 1.05], 1.5, writes=False)
    assert max(gaps_of(batches_s)) < MIN_INTERVAL_S + 0.02


def test_a_key_behind_the_end_tells_nothing_any_more() -> None:
    async def close_and_type() -> int:
        typist, batches = Typist(), list[EventsArrived]()
        bridge = Bridge(Steady(), batches.append, busy_clock=lambda: 0.0, typist=typist)  # type: ignore[arg-type]
        bridge.run(CountTokens(id=7, prompt=PROMPT))
        await asyncio.sleep(1.05)
        await bridge.close()
        told = len(batches)
        await asyncio.sleep(1)
        typist.key_seen()
        await asyncio.sleep(1)
        return len(batches) - told

    assert run_jumping(close_and_type()) == 0


tokens = st.builds(TokensEmitted, id=st.integers(1, 3), text=st.text(max_size=4), ids=st.tuples(st.integers(0, 9)))
others = st.builds(
    TokensCounted, id=st.integers(1, 3), tokens=st.just(1), context_tokens=st.just(2), dropped_turns=st.just(0)
)


@given(st.lists(tokens | others, max_size=30))
def test_joining_keeps_every_text_id_and_order(events: list[HostEvent]) -> None:
    joined = join_tokens(events)
    for request in (1, 2, 3):
        mine = [e for e in events if isinstance(e, TokensEmitted) and e.id == request]
        kept = [e for e in joined if isinstance(e, TokensEmitted) and e.id == request]
        assert "".join(e.text for e in kept) == "".join(e.text for e in mine)
        assert [i for e in kept for i in e.ids] == [i for e in mine for i in e.ids]
    assert [e for e in joined if isinstance(e, TokensCounted)] == [e for e in events if isinstance(e, TokensCounted)]
    assert not any(
        isinstance(a, TokensEmitted) and isinstance(b, TokensEmitted) and a.id == b.id
        for a, b in itertools.pairwise(joined)
    )
