"""How long the first token takes in a model host that has nothing loaded, and on what that time is spent."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

import msgspec

from engine.cli.checks.record import Check
from engine.client import HostClient
from engine.errors import Failed as FailedError
from engine.errors import SettingsFault, TunesmithError
from engine.figures import human_duration
from engine.host_words import error_of
from engine.models.reference import STARTER
from engine.paths import Paths, find_paths
from engine.protocol import (
    AnyCommand,
    AnyEvent,
    Failed,
    Generate,
    Hello,
    LoadModel,
    LoadProgress,
    ModelReady,
    Prompt,
    Sampling,
    Template,
    TokensEmitted,
    Turn,
)
from engine.settings import Settings, load_settings
from engine.tour import guest_home

GROUP = "Speed"
_WITHIN_S = 60.0
_SLOW_S = 20.0
_TOKENS = 32
_HOME_BYTES = 20_000_000
"""Room for what a host keeps of the starter, many times over."""
_PROMPT = Prompt(
    template=Template(id="plain", name="Plain", kind="completion", body="{{ message }}"),
    turns=(Turn(role="user", text="Once upon a time"),),
)
_BUSY = "Other programs take the processor, or the disk is slow: try again later"


class _Times(msgspec.Struct, kw_only=True):
    """When something was first heard, in seconds of one clock."""

    began_s: float
    hello_s: float = 0.0
    imported_s: float = 0.0
    placing_s: float = 0.0
    ready_s: float = 0.0
    asked_s: float = 0.0
    first_s: float = 0.0
    last_s: float = 0.0
    tokens: int = 0
    is_first_opening: bool = False
    """Whether transformers had to read the tokenizer."""


def check_first_token(
    paths: Paths,
    environ: Mapping[str, str],
    *,
    within_s: float = _WITHIN_S,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Check]:
    """Start a model host as the program does, have the starter say a few words, and tell where the time went.

    The host lives in a folder that is gone afterwards. Tokenizers that are kept in the person's own are lent to it, so
    that it opens the starter as fast as the program would.

    Args:
        paths: The person's own folders.
        environ: The rest of the environment.
        within_s: How long to wait for all of it.
        clock: Seconds that only go forward.
    """
    try:
        with guest_home(environ, needed_bytes=_HOME_BYTES) as guest:
            _lend_tokenizers(paths, find_paths(guest))
            times = asyncio.run(_measure(_settings(paths), guest, within_s, clock))
    except TimeoutError:
        found = f"the model host did not say a word within {human_duration(within_s)}"
        yield Check(group=GROUP, name="first token", state="warning", found=found, hint=_BUSY)
    except TunesmithError as error:
        hint = error.hint or "The starter can't reply: install Tunesmith again"
        yield Check(group=GROUP, name="first token", state="broken", found=error.title, hint=hint)
    else:
        yield from _told(times)


def _settings(paths: Paths) -> Settings:
    try:
        return load_settings(paths.settings_file)
    except SettingsFault:  # which is told elsewhere
        return Settings()


def _lend_tokenizers(owner: Paths, guest: Paths) -> None:
    """Links, as there can be many; where a system makes none, the starter is opened for the first time."""
    with contextlib.suppress(OSError):
        guest.tokenizers.mkdir(parents=True)
        for file in owner.tokenizers.glob("*.json"):
            (guest.tokenizers / file.name).symlink_to(file.absolute())


async def _measure(
    settings: Settings, environ: Mapping[str, str], within_s: float, clock: Callable[[], float]
) -> _Times:
    times = _Times(began_s=clock())

    def greeted(_: Hello) -> None:
        times.hello_s = clock()

    client = HostClient(env=dict(environ), on_hello=greeted)
    try:
        async with asyncio.timeout(within_s):
            load = LoadModel(
                id=client.next_id(),
                ref=STARTER,
                device=settings.device,
                dtype=settings.dtype,
                threads=settings.threads,
            )
            await _follow(client, load, times, clock)
            sampling = Sampling(temperature=0.0, max_new_tokens=_TOKENS)
            times.asked_s = clock()
            await _follow(client, Generate(id=client.next_id(), prompt=_PROMPT, sampling=sampling), times, clock)
    finally:
        await client.aclose()
    if not times.first_s:
        raise FailedError("The starter said nothing", "Its files may be damaged: install Tunesmith again")
    return times


async def _follow(client: HostClient, command: AnyCommand, times: _Times, clock: Callable[[], float]) -> None:
    async for event in client.request(command):
        if isinstance(event, Failed):
            raise error_of(event)
        _hear(event, times, clock())


def _hear(event: AnyEvent, times: _Times, now_s: float) -> None:
    match event:
        case LoadProgress(stage="importing") if times.imported_s:
            times.is_first_opening = True
        case LoadProgress(stage="reading") if not times.imported_s:
            times.imported_s = now_s  # nothing is read before torch is there
        case LoadProgress(stage="placing") if not times.placing_s:
            times.placing_s = now_s
        case ModelReady():
            times.ready_s = now_s
        case TokensEmitted(ids=ids) if ids:
            times.first_s = times.first_s or now_s
            times.last_s = now_s
            times.tokens += len(ids)


def _told(times: _Times) -> Iterator[Check]:
    yield _part("host starts", times.hello_s - times.began_s)
    yield _part("torch imported", times.imported_s - times.hello_s)
    yield _part(
        "starter read",
        times.placing_s - times.imported_s,
        "; its tokenizer by transformers, as it is the first time" if times.is_first_opening else "",
    )
    yield _part("starter placed", times.ready_s - times.placing_s)
    yield _part("first token", times.first_s - times.asked_s)
    total_s = times.first_s - times.began_s
    slow = total_s > _SLOW_S
    words = f"{_seconds(total_s)} from starting a model host to its first token"
    yield Check(
        group=GROUP,
        name="in all",
        state="warning" if slow else "ok",
        found=f"{words}: slow" if slow else words,
        hint=_BUSY if slow else "",
        seconds=round(total_s, 4),
    )
    after_s = times.last_s - times.first_s
    if times.tokens > 1 and after_s > 0:
        speed = (times.tokens - 1) / after_s
        found = f"{speed:,.0f} tokens/s"
        yield Check(group=GROUP, name="after that", state="note", found=found, tokens_per_s=round(speed, 1))


def _part(name: str, seconds: float, more: str = "") -> Check:
    seconds = max(0.0, seconds)
    return Check(group=GROUP, name=name, state="note", found=_seconds(seconds) + more, seconds=round(seconds, 4))


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"
