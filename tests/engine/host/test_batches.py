"""Batches through the real host: answered item by item, cancelled in the middle."""

from __future__ import annotations

import pytest

from engine.client import HostClient
from engine.protocol import (
    BatchFinished,
    BatchItem,
    Failed,
    GenerateBatch,
    ItemFailed,
    Prompt,
    Question,
    ReplyFinished,
    ReplyGrew,
    Sampling,
    Score,
    Scored,
    Template,
    UnloadModel,
)
from tests.engine.host.test_host import (  # noqa: F401 - fixtures
    ENDLESS,
    client,
    collect,
    folder,
    host_home,
    prompt,
    shared,
)

pytestmark = [pytest.mark.torch, pytest.mark.asyncio(loop_scope="module")]
BAD = Template(id="bad", name="Bad", kind="completion", body="{{ message.nothing() }}")


async def test_a_batch_is_answered_item_by_item(client: HostClient) -> None:  # noqa: F811
    short = Sampling(temperature=0.0, max_new_tokens=5)
    items = (
        BatchItem(prompt=prompt("Once"), sampling=short),
        BatchItem(prompt=Prompt(template=BAD, turns=prompt().turns), sampling=short),
        BatchItem(prompt=prompt("Then"), sampling=short),
    )
    events = await collect(client, GenerateBatch(id=client.next_id(), items=items))
    assert sorted(event.item for event in events if isinstance(event, ReplyFinished)) == [0, 2]
    assert [event.item for event in events if isinstance(event, ItemFailed)] == [1]
    last = events[-1]
    assert isinstance(last, BatchFinished)
    assert (last.reason, last.done, last.failed) == ("completed", 2, 1)


async def test_questions_are_answered(client: HostClient) -> None:  # noqa: F811
    questions = tuple(Question(prompt=prompt(text), continuations=("good", "bad")) for text in ("Once", "Then"))
    events = await collect(client, Score(id=client.next_id(), questions=questions))
    scored = [event for event in events if isinstance(event, Scored)]
    assert sorted(event.item for event in scored) == [0, 1]
    assert all(sum(each.share for each in event.continuations) == pytest.approx(1) for event in scored)
    assert isinstance(events[-1], BatchFinished)


async def test_a_batch_is_cancelled_in_the_middle(client: HostClient) -> None:  # noqa: F811
    command = GenerateBatch(
        id=client.next_id(), items=tuple(BatchItem(prompt=prompt(text), sampling=ENDLESS) for text in ("Once", "Then"))
    )
    events = []
    async for event in client.request(command):
        events.append(event)
        if isinstance(event, ReplyGrew):
            await client.cancel(command.id)
    last = events[-1]
    assert isinstance(last, BatchFinished)
    assert (last.reason, last.done) == ("cancelled", 0)


async def test_without_a_model_a_batch_fails_as_a_whole(client: HostClient) -> None:  # noqa: F811
    await collect(client, UnloadModel(id=client.next_id()))
    [failed] = await collect(client, Score(id=client.next_id(), questions=()))
    assert isinstance(failed, Failed)
    assert failed.code == "no-model"
