"""The real host with real models, through the client."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from engine.client import HostClient
from engine.paths import find_paths
from engine.protocol import (
    AnyCommand,
    AnyEvent,
    CountTokens,
    Failed,
    Generate,
    GenerationFinished,
    GenerationStarted,
    LoadModel,
    LoadProgress,
    ModelReady,
    ModelUnloaded,
    Prompt,
    Sampling,
    Template,
    TokensCounted,
    TokensEmitted,
    Turn,
    UnloadModel,
)
from engine.replying import is_replying
from tests.engine.inference.conftest import save_tiny

pytestmark = [pytest.mark.torch, pytest.mark.asyncio(loop_scope="module")]

PLAIN = Template(id="plain", name="Plain", kind="completion", body="{{ message }}")
ENDLESS = Sampling(temperature=0.0, max_new_tokens=3000)
DEADLINE_S = 90.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a window that no reply fills within a test."""
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny", "llama", context=8000)


@pytest.fixture(scope="module")
def host_home(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The home of the host of all tests."""
    return str(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def replying_file(host_home: str) -> Path:
    """What tells others that this host replies."""
    return find_paths({"TUNESMITH_HOME": host_home}).replying_file


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(host_home: str) -> AsyncIterator[HostClient]:
    """One host for all tests, as its imports take seconds."""
    home = host_home
    client = HostClient(env={**os.environ, "TUNESMITH_HOME": home, "HF_HOME": home, "HF_HUB_OFFLINE": "1"})
    yield client
    await client.aclose()


@pytest_asyncio.fixture(loop_scope="module")
async def client(shared: HostClient, folder: Path) -> HostClient:
    """The host, with the model loaded."""
    if shared.model is None:
        assert isinstance((await collect(shared, LoadModel(id=shared.next_id(), ref=str(folder))))[-1], ModelReady)
    return shared


async def collect(client: HostClient, command: AnyCommand) -> list[AnyEvent]:
    async with asyncio.timeout(DEADLINE_S):
        return [event async for event in client.request(command)]


async def until_silent(replying_file: Path) -> None:
    """Wait until nobody replies any more: a lock can't be awaited, only looked at."""
    async with asyncio.timeout(DEADLINE_S):
        while is_replying(replying_file):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def prompt(text: str = "Once") -> Prompt:
    return Prompt(template=PLAIN, turns=(Turn(role="user", text=text),))


def generate(client: HostClient, sampling: Sampling = ENDLESS, text: str = "Once") -> Generate:
    return Generate(id=client.next_id(), prompt=prompt(text), sampling=sampling)


async def test_a_load_tells_its_stages(client: HostClient, folder: Path) -> None:
    events = await collect(client, LoadModel(id=client.next_id(), ref=str(folder)))
    stages = [event.stage for event in events if isinstance(event, LoadProgress)]
    assert stages == ["finding", "reading", "placing"]
    ready = events[-1]
    assert isinstance(ready, ModelReady)
    assert ready.model == client.model
    assert ready.model.ref == str(folder)


async def test_a_reply_streams_and_the_same_seed_repeats_it(client: HostClient) -> None:
    sampling = Sampling(temperature=1.0, max_new_tokens=20, seed=4)
    first = await collect(client, generate(client, sampling))
    again = await collect(client, generate(client, sampling))
    assert isinstance(first[0], GenerationStarted)
    assert isinstance(first[-1], GenerationFinished)
    texts = ["".join(e.text for e in events if isinstance(e, TokensEmitted)) for events in (first, again)]
    assert texts[0] == texts[1] != ""


async def test_a_reply_is_told_to_other_processes_while_it_streams(client: HostClient, replying_file: Path) -> None:
    assert not is_replying(replying_file)
    reply = client.request(generate(client))
    await anext(reply)
    await anext(reply)
    assert is_replying(replying_file)
    await reply.aclose()
    await until_silent(replying_file)
    overflow = await collect(client, generate(client, text="fox " * 9000))
    assert isinstance(overflow[-1], Failed)
    await until_silent(replying_file)


async def test_a_count_is_answered_during_a_reply(client: HostClient) -> None:
    reply = client.request(generate(client))
    await anext(reply)
    await anext(reply)
    (counted,) = await collect(client, CountTokens(id=client.next_id(), prompt=prompt("Once upon"), max_new_tokens=9))
    assert isinstance(counted, TokensCounted)
    assert counted.tokens > 0
    assert isinstance(await anext(reply), TokensEmitted)
    await reply.aclose()


async def test_a_count_tells_the_fitted_text_and_what_is_put_in_front_where_asked(client: HostClient) -> None:
    chat = Template(id="c", name="C", kind="chat", body="{% for turn in turns %}{{ turn.text }}\n{% endfor %}")
    turns = (Turn(role="user", text="old " * 4000), Turn(role="assistant", text="yes"), Turn(role="user", text="new"))
    asked = Prompt(template=chat, turns=turns)
    command = CountTokens(id=client.next_id(), prompt=asked, max_new_tokens=9, with_text=True)
    (counted,) = await collect(client, command)
    assert isinstance(counted, TokensCounted)
    assert (counted.text, counted.beginning, counted.dropped_turns) == ("new\n", "", 2)
    (bare,) = await collect(client, CountTokens(id=client.next_id(), prompt=prompt("")))
    assert isinstance(bare, TokensCounted)
    assert (bare.text, bare.beginning, bare.tokens, bare.pieces) == ("", "", 1, ())
    (told,) = await collect(client, CountTokens(id=client.next_id(), prompt=prompt("Once upon"), with_pieces=True))
    assert isinstance(told, TokensCounted)
    assert len(told.pieces) == told.tokens
    assert "".join(told.pieces) == "Once upon"


async def test_a_cancelled_reply_keeps_its_text_and_the_next_begins(client: HostClient) -> None:
    command = generate(client)
    events: list[AnyEvent] = []
    async with asyncio.timeout(DEADLINE_S):
        async for event in client.request(command):
            events.append(event)
            if isinstance(event, TokensEmitted):
                await client.cancel(command.id)
    last = events[-1]
    assert isinstance(last, GenerationFinished)
    assert last.reason == "cancelled"
    assert 0 < last.tokens < 3000
    assert isinstance((await collect(client, generate(client, Sampling(max_new_tokens=1))))[-1], GenerationFinished)


async def test_a_reply_that_waits_is_cancelled_at_once(client: HostClient) -> None:
    first = client.request(generate(client))
    await anext(first)
    waiting = generate(client)
    task = asyncio.create_task(collect(client, waiting))
    await asyncio.sleep(0)
    await client.cancel(waiting.id)
    (event,) = await task
    assert isinstance(event, GenerationFinished)
    assert (event.reason, event.tokens) == ("cancelled", 0)
    await first.aclose()


async def test_a_failed_load_leaves_the_model_in_its_place(client: HostClient, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "flux_capacitor"}')
    before = client.model
    last = (await collect(client, LoadModel(id=client.next_id(), ref=str(tmp_path))))[-1]
    assert isinstance(last, Failed)
    assert last.hint
    assert client.model == before
    assert isinstance((await collect(client, generate(client, Sampling(max_new_tokens=1))))[-1], GenerationFinished)


async def test_a_model_that_does_not_exist_is_told_in_words(client: HostClient) -> None:
    last = (await collect(client, LoadModel(id=client.next_id(), ref="./nowhere")))[-1]
    assert isinstance(last, Failed)
    assert last.code == "model-not-found"


async def test_a_cancelled_load_answers_and_the_next_one_works(client: HostClient, folder: Path) -> None:
    command = LoadModel(id=client.next_id(), ref=str(folder))
    events: list[AnyEvent] = []
    async with asyncio.timeout(DEADLINE_S):
        async for event in client.request(command):
            if not events:
                await client.cancel(command.id)
            events.append(event)
    last = events[-1]
    assert isinstance(last, Failed | ModelReady)  # it may have been done already
    assert not isinstance(last, Failed) or last.code == "cancelled"
    assert isinstance((await collect(client, LoadModel(id=client.next_id(), ref=str(folder))))[-1], ModelReady)


async def test_a_message_longer_than_the_window_is_told_in_words(client: HostClient) -> None:
    last = (await collect(client, generate(client, text="fox " * 9000)))[-1]
    assert isinstance(last, Failed)
    assert last.code == "context-overflow"


async def test_a_killed_host_keeps_the_partial_reply_and_the_next_message_works(
    client: HostClient, folder: Path, replying_file: Path
) -> None:
    events: list[AnyEvent] = []
    async with asyncio.timeout(DEADLINE_S):
        async for event in client.request(generate(client)):
            events.append(event)
            if isinstance(event, TokensEmitted) and event.text and client.pid is not None:
                assert is_replying(replying_file)
                os.kill(client.pid, signal.SIGKILL)
    last = events[-1]
    assert isinstance(last, Failed)
    assert last.code == "host-died"
    assert any(isinstance(event, TokensEmitted) and event.text for event in events)
    assert client.model is None
    assert not is_replying(replying_file)
    assert isinstance((await collect(client, LoadModel(id=client.next_id(), ref=str(folder))))[-1], ModelReady)
    reply = await collect(client, generate(client, Sampling(max_new_tokens=2)))
    assert isinstance(reply[-1], GenerationFinished)


async def test_closing_the_client_in_mid_reply_ends_the_host_promptly(folder: Path, shared: HostClient) -> None:
    if shared.model is None:
        await collect(shared, LoadModel(id=shared.next_id(), ref=str(folder)))
    reply = shared.request(generate(shared))
    await anext(reply)
    await anext(reply)
    pid = shared.pid
    assert pid is not None
    async with asyncio.timeout(2.0):
        await shared.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await reply.aclose()


async def test_unloading_gives_the_model_back(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> None:
    home = str(tmp_path_factory.mktemp("home"))
    client = HostClient(env={**os.environ, "TUNESMITH_HOME": home})
    try:
        await collect(client, LoadModel(id=client.next_id(), ref=str(folder)))
        assert isinstance((await collect(client, UnloadModel(id=client.next_id())))[-1], ModelUnloaded)
        assert client.model is None
        last = (await collect(client, generate(client)))[-1]
        assert isinstance(last, Failed)
        assert last.code == "no-model"
    finally:
        await client.aclose()
