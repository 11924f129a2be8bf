"""The host's desk: takes each command to where it is done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import assert_never

import msgspec

from engine import wire
from engine.host.lanes import Emit, Job, Lane
from engine.host.loader import Loader
from engine.paths import Paths
from engine.protocol import (
    AnyCommand,
    AnyEvent,
    BatchFinished,
    Cancel,
    CountTokens,
    Failed,
    Generate,
    GenerateBatch,
    GenerationFinished,
    LoadModel,
    Score,
    Shutdown,
    TokensCounted,
    UnloadModel,
)

_NO_MODEL = "No model is loaded"
_NO_MODEL_HINT = "Pick one and wait until it is ready"


class Service:
    """Three lanes: loading, generating, and counting, which never waits for the others."""

    def __init__(
        self,
        paths: Paths,
        imported: threading.Event,
        emit: Emit,
        end: Callable[[], None],
        *,
        during_reply: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Open the lanes.

        Args:
            paths: The program's folders.
            imported: Set when torch is imported, or can't be.
            emit: Takes events, on any thread.
            end: Called for a `Shutdown`.
            during_reply: Entered for as long as a single reply streams.
        """
        self._emit = emit
        self._end = end
        self._during_reply = during_reply
        self._loader = Loader(paths, imported)
        self._loading = Lane("loader", self._loader.handle, _cancelled, emit)
        self._generating = Lane("generator", self._generate, _cancelled_reply, emit)
        self._counting = Lane("counter", self._count, _cancelled, emit)

    def take(self, line: bytes) -> None:
        """Take a line from the client; whatever it is, it is answered."""
        try:
            command = wire.decode_command(line)
        except msgspec.DecodeError as error:
            self._emit(
                Failed(
                    id=wire.decode_event(line).id,
                    code="misuse",
                    title=f"The model host did not understand a command: {error}",
                    hint="The program and its model host may be of different versions: start Tunesmith again.",
                )
            )
            return
        self._dispatch(command)

    def _dispatch(self, command: AnyCommand) -> None:
        match command:
            case LoadModel() | UnloadModel():
                self._loading.put(command)
            case Generate() | GenerateBatch() | Score():
                self._generating.put(command)
            case CountTokens():
                self._counting.put(command)
            case Cancel(target=target):
                for lane in (self._generating, self._loading, self._counting):
                    if lane.cancel(target):
                        break
            case Shutdown():
                self._end()
            case _:
                assert_never(command)

    def _generate(self, job: Job) -> Iterator[AnyEvent]:
        loaded = self._loader.current
        if loaded is None:
            yield _no_model(job.command)
            return
        from engine.inference.batching import generate_batch
        from engine.inference.generation import generate
        from engine.inference.questions import score

        match job.command:
            case Generate() as command:
                with self._during_reply():
                    yield from generate(loaded, command, cancelled=job.cancelled.is_set)
            case GenerateBatch() as command:
                yield from generate_batch(loaded, command, cancelled=job.cancelled.is_set)
            case Score() as command:
                yield from score(loaded, command, cancelled=job.cancelled.is_set)
            case _:
                raise AssertionError(f"{type(job.command).__name__} is not done here")

    def _count(self, job: Job) -> Iterator[AnyEvent]:
        assert isinstance(job.command, CountTokens)
        loaded = self._loader.current
        if loaded is None:
            yield _no_model(job.command)
            return
        from engine.inference.prompting import beginning_of, encode_prompt, pieces_of

        with_text = job.command.with_text
        prompt = encode_prompt(loaded, job.command.prompt, job.command.max_new_tokens)
        yield TokensCounted(
            id=job.command.id,
            tokens=len(prompt.ids),
            context_tokens=loaded.info.context_tokens,
            dropped_turns=prompt.dropped_turns,
            text=prompt.text if with_text else "",
            beginning=beginning_of(loaded, prompt) if with_text else "",
            pieces=pieces_of(loaded, prompt) if job.command.with_pieces else (),
        )


def _no_model(command: AnyCommand) -> Failed:
    return Failed(id=command.id, code="no-model", title=_NO_MODEL, hint=_NO_MODEL_HINT)


def _cancelled(command: AnyCommand) -> Failed:
    return Failed(id=command.id, code="cancelled", title="Cancelled before it began")


def _cancelled_reply(command: AnyCommand) -> GenerationFinished | BatchFinished:
    if not isinstance(command, Generate):
        return BatchFinished(id=command.id, reason="cancelled", done=0, failed=0, seconds=0.0)
    return GenerationFinished(
        id=command.id, reason="cancelled", tokens=0, prompt_tokens=0, seconds=0.0, first_token_s=0.0, tokens_per_s=0.0
    )
