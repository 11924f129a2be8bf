"""The bridge: every event arrives, in order, in few batches."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
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
from tui.bridge import (
    MAX_INTERVAL_S,
    MIN_INTERVAL_S,
    TYPING_INTERVAL_S,
    TYPING_S,
    Bridge,
    EventsArrived,
    HostEvent,
    join_tokens,
)

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


@pytest.mark.parametrize(("ago_s", "interval_s"), [(0.0, TYPING_INTERVAL_S), (TYPING_S, MIN_INTERVAL_S)])
async def test_while_somebody_types_a_reply_moves_in_larger_steps(ago_s: float, interval_s: float) -> None:
    loop = asyncio.get_running_loop()
    gaps = await flooded([], busy_clock=lambda: 0.0, last_key_s=lambda: loop.time() - ago_s)
    assert all(gap >= interval_s - 0.002 for gap in gaps)


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
