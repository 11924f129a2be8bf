"""The client outlives whatever its host does. All of it against the scripted host, so without torch."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable

import pytest

from engine.client import HostClient
from engine.protocol import (
    PROTOCOL_VERSION,
    AnyCommand,
    AnyEvent,
    CountTokens,
    Failed,
    Generate,
    GenerationFinished,
    GenerationStarted,
    LoadModel,
    LogLine,
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
from tests.fakes.host import STORY, fake_host

PLAIN = Template(id="plain", name="Plain", kind="completion", body="{{ message }}")
DEADLINE_S = 20.0

MakeClient = Callable[..., HostClient]


def prompt(text: str = "Once upon a time") -> Prompt:
    return Prompt(template=PLAIN, turns=(Turn(role="user", text=text),))


async def collect(client: HostClient, command: AnyCommand) -> list[AnyEvent]:
    async with asyncio.timeout(DEADLINE_S):
        return [event async for event in client.request(command)]


async def load(client: HostClient) -> None:
    events = await collect(client, LoadModel(id=client.next_id(), ref="tiny"))
    assert isinstance(events[-1], ModelReady)


def generate(client: HostClient, **sampling: int) -> Generate:
    return Generate(id=client.next_id(), prompt=prompt(), sampling=Sampling(**sampling))


def text_of(events: list[AnyEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TokensEmitted))


@pytest.fixture
async def make_client() -> AsyncIterator[MakeClient]:
    clients: list[HostClient] = []

    def make(on_log: Callable[[LogLine], None] | None = None, **options: object) -> HostClient:
        clients.append(HostClient(argv=fake_host(**options), on_log=on_log))
        return clients[-1]

    yield make
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(*(client.aclose() for client in clients))
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_request_starts_the_host_and_streams_the_reply(make_client: MakeClient) -> None:
    client = make_client()
    assert (client.alive, client.pid) == (False, None)
    await load(client)
    assert client.alive
    assert client.model is not None
    events = await collect(client, generate(client, seed=3))
    assert isinstance(events[0], GenerationStarted)
    assert events[0].seed == 3
    assert text_of(events) == STORY
    last = events[-1]
    assert isinstance(last, GenerationFinished)
    assert last.reason == "stop"


async def test_starting_twice_starts_one_host(make_client: MakeClient) -> None:
    client = make_client()
    await asyncio.gather(client.start(), client.start())
    pid = client.pid
    await client.start()
    assert client.pid == pid


async def test_ids_are_never_given_twice(make_client: MakeClient) -> None:
    client = make_client()
    assert len({client.next_id() for _ in range(100)}) == 100


async def test_a_count_is_answered_during_a_reply(make_client: MakeClient) -> None:
    client = make_client(token_delay_s=30)
    await load(client)
    reply = client.request(generate(client))
    await anext(reply)
    await anext(reply)
    events = await collect(client, CountTokens(id=client.next_id(), prompt=prompt("one two three")))
    assert [event.tokens for event in events if isinstance(event, TokensCounted)] == [3]
    await reply.aclose()


async def test_cancel_ends_a_reply_and_keeps_its_text(make_client: MakeClient) -> None:
    client = make_client(token_delay_s=30)
    await load(client)
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
    assert text_of(events) == "Once"


async def test_a_cancel_right_behind_a_request_that_starts_the_host_is_not_lost(make_client: MakeClient) -> None:
    client = make_client(load_delay_s=30)
    command = LoadModel(id=client.next_id(), ref="tiny")
    request = asyncio.create_task(collect(client, command))
    cancel = asyncio.create_task(client.cancel(command.id))
    events = await request
    await cancel
    last = events[-1]
    assert isinstance(last, Failed)
    assert last.code == "cancelled"


async def test_dropping_a_reply_cancels_it(make_client: MakeClient) -> None:
    client = make_client(token_delay_s=30)
    await load(client)
    reply = client.request(generate(client))
    await anext(reply)
    await reply.aclose()
    # The fake answers one thing after the other: this one's answer means that the reply is over.
    assert isinstance((await collect(client, UnloadModel(id=client.next_id())))[-1], ModelUnloaded)
    assert client.model is None


async def test_a_killed_host_is_told_in_words_and_the_next_request_works(make_client: MakeClient) -> None:
    client = make_client(token_delay_s=30)
    await load(client)
    events: list[AnyEvent] = []
    async with asyncio.timeout(DEADLINE_S):
        async for event in client.request(generate(client)):
            events.append(event)
            if isinstance(event, TokensEmitted):
                assert client.pid is not None
                os.kill(client.pid, signal.SIGKILL)
    last = events[-1]
    assert isinstance(last, Failed)
    assert last.code == "host-died"
    assert "SIGKILL" in last.title
    assert "memory" in last.hint
    assert text_of(events) == "Once"
    assert not client.alive
    assert client.model is None
    await load(client)
    assert client.alive


async def test_a_host_that_dies_by_itself_leaves_its_last_words(make_client: MakeClient) -> None:
    client = make_client(die_after=2, exit_code=3)
    await load(client)
    last = (await collect(client, generate(client)))[-1]
    assert isinstance(last, Failed)
    assert "exit code 3" in last.title
    assert "the fake host was told to die" in last.hint


async def test_a_progress_bar_is_nobodys_last_words(make_client: MakeClient) -> None:
    client = make_client(die_after=2, noise="Converting: 100%|████| 272/272 [00:01<00:00, 229.71it/s]")
    await load(client)
    last = (await collect(client, generate(client)))[-1]
    assert isinstance(last, Failed)
    assert "272" not in last.hint
    assert any("272" in line.text for line in client.log_lines)


async def test_all_open_requests_end_when_the_host_dies(make_client: MakeClient) -> None:
    client = make_client(token_delay_s=30)
    await load(client)
    first = client.request(generate(client))
    await anext(first)
    queued = asyncio.create_task(collect(client, generate(client)))
    assert client.pid is not None
    os.kill(client.pid, signal.SIGKILL)
    assert isinstance((await queued)[-1], Failed)
    assert [type(event) async for event in first][-1] is Failed


async def test_a_host_that_is_no_program_is_a_failure_in_words() -> None:
    client = HostClient(argv=["/nowhere/at/all"])
    (event,) = await collect(client, UnloadModel(id=client.next_id()))
    assert isinstance(event, Failed)
    assert event.code == "host-died"
    assert "/nowhere/at/all" in event.title
    await client.aclose()


async def test_a_host_that_ends_at_once_is_a_failure_in_words() -> None:
    client = HostClient(argv=[sys.executable, "-c", "raise SystemExit('no such luck')"])
    (event,) = await collect(client, UnloadModel(id=client.next_id()))
    assert isinstance(event, Failed)
    assert "exit code 1" in event.title
    assert "no such luck" in event.hint
    await client.aclose()


@pytest.mark.parametrize(
    "hello",
    [
        f'{{"type":"Hello","id":0,"version":"9.9","pid":1,"protocol":{PROTOCOL_VERSION + 1}}}',
        '{"type":"Hello","id":0,"greeting":"good day"}',
    ],
    ids=["number", "shape"],
)
async def test_a_host_of_another_version_ends_each_request_in_words(hello: str) -> None:
    answer = '{"type":"Unloaded","id":1}'
    code = f"import sys; print({hello!r}, {answer!r}, sep='\\n', flush=True); sys.stdin.read()"
    client = HostClient(argv=[sys.executable, "-c", code])
    for _ in range(2):
        (event,) = await collect(client, UnloadModel(id=client.next_id()))
        assert isinstance(event, Failed)
        assert event.code == "host-died"
        assert "another version" in event.title
        assert "again" in event.hint
        assert not client.alive
    await client.aclose()


async def test_garbage_between_events_breaks_nothing(make_client: MakeClient) -> None:
    lines: list[LogLine] = []
    client = make_client(garbage=True, on_log=lines.append)
    await load(client)
    assert text_of(await collect(client, generate(client))) == STORY
    assert any("FromTheFuture" in line.text for line in lines)
    assert LogLine(id=0, level="warning", text="noise") in lines
    assert LogLine(id=0, level="info", text="more \x1b[31mnoise\x1b[0m") in client.log_lines


async def test_a_listener_that_fails_does_not_stop_the_log(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(line: LogLine) -> None:
        raise RuntimeError(line.text)

    client = make_client(garbage=True, on_log=fail)
    await load(client)
    assert text_of(await collect(client, generate(client))) == STORY
    assert "listener" in caplog.text


@pytest.mark.slow
async def test_a_flood_of_tokens_arrives_whole(make_client: MakeClient) -> None:
    client = make_client(tokens=20_000, reply="a b c d")
    await load(client)
    events = await collect(client, generate(client, max_new_tokens=20_000))
    assert sum(isinstance(event, TokensEmitted) for event in events) == 20_000


async def test_a_line_longer_than_any_buffer_arrives_whole(make_client: MakeClient) -> None:
    word = "x" * 3_000_000
    client = make_client(reply="{prompt}")
    await load(client)
    command = Generate(id=client.next_id(), prompt=prompt(word))
    assert text_of(await collect(client, command)) == word


async def test_closing_ends_open_requests_and_the_process(make_client: MakeClient) -> None:
    client = make_client(token_delay_s=30)
    await load(client)
    reply = client.request(generate(client))
    await anext(reply)
    pid = client.pid
    assert pid is not None
    await client.aclose()
    assert isinstance([event async for event in reply][-1], GenerationFinished | Failed)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    (event,) = await collect(client, UnloadModel(id=client.next_id()))
    assert isinstance(event, Failed)
    assert event.code == "cancelled"


async def test_closing_ends_even_a_host_that_will_not_listen(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.connection._POLITE_S", 0.1)
    monkeypatch.setattr("engine.connection.END_S", 0.1)
    client = make_client(deaf=True)
    await load(client)
    pid = client.pid
    assert pid is not None
    await client.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
