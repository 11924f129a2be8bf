"""The lab's own model host: started late, at low priority, with one model at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from engine import client as host_client
from engine.client import HostClient
from engine.lab.events import ModelLoaded, ModelLoading
from engine.lab.records import Fault, Lab
from engine.protocol import AnyEvent, Failed, GenerateBatch, LoadModel, LoadProgress, ModelReady, Score

BACKGROUND = "--background"
"""Makes a host let every other program go first, so that a chat beside it stays quick."""


def background_host() -> HostClient:
    """A client of a model host in the background; nothing is started yet."""
    return HostClient(argv=(*host_client.HOST_ARGV, BACKGROUND))


_Wanted = tuple[str, str, str, int]
_NOTHING: _Wanted = ("", "", "", 0)


def _wanted(lab: Lab, model: str) -> _Wanted:
    """A model, and all that decides how it is loaded."""
    return model, lab.device, lab.dtype, lab.threads


class LabHost:
    """Asks a model host for one thing after the other."""

    def __init__(self, make_client: Callable[[], HostClient] = background_host) -> None:
        """Prepare; nothing is started yet."""
        self._make_client = make_client
        self._client: HostClient | None = None
        self._loaded = _NOTHING
        self._asked = 0
        self.ready: ModelLoaded | None = None
        """The model that is loaded."""
        self.identity = ""
        """What it was when it was read, as `engine.lab.keys` tells it; whoever has it loaded sets this."""

    def next_id(self) -> int:
        """An id for the next command."""
        return self._its_client().next_id()

    def has(self, lab: Lab, model: str) -> bool:
        """Whether the model of a reference is loaded as a lab asks for it, as far as is known."""
        return self._client is not None and self._client.model is not None and self._loaded == _wanted(lab, model)

    def forget(self) -> None:
        """Have the model loaded anew before the next question."""
        self._loaded, self.ready = _NOTHING, None

    async def load(self, lab: Lab, model: str) -> AsyncGenerator[ModelLoading | ModelLoaded | Fault, None]:
        """Load a model in place of the one before; the last thing told is `ModelLoaded`, or the fault."""
        client = self._its_client()
        self.forget()
        command = LoadModel(
            id=client.next_id(), ref=model, device=lab.device, dtype=lab.dtype, threads=lab.threads, batched=True
        )
        async for event in self._follow(command):
            match event:
                case LoadProgress():
                    yield ModelLoading(
                        model=model, stage=event.stage, done_bytes=event.done_bytes, total_bytes=event.total_bytes
                    )
                case ModelReady():
                    self._loaded = _wanted(lab, model)
                    self.ready = ModelLoaded(model=event.model, seconds=event.seconds, ref=model)
                    yield self.ready
                case Failed():
                    yield Fault(code=event.code, title=event.title, hint=event.hint)
                case _:
                    pass

    async def ask(self, command: GenerateBatch | Score) -> AsyncGenerator[AnyEvent, None]:
        """Ask the loaded model; the last event is terminal."""
        async for event in self._follow(command):
            yield event

    async def interrupt(self) -> None:
        """End what is being done, where there is something."""
        if self._client is not None and self._asked:
            await self._client.cancel(self._asked)

    async def aclose(self) -> None:
        """End the process; the next question starts another."""
        client, self._client = self._client, None
        self.forget()
        if client is not None:
            await client.aclose()

    def _its_client(self) -> HostClient:
        if self._client is None:
            self._client = self._make_client()
        return self._client

    async def _follow(self, command: LoadModel | GenerateBatch | Score) -> AsyncGenerator[AnyEvent, None]:
        self._asked = command.id
        try:
            async with aclosing(self._its_client().request(command)) as events:
                async for event in events:
                    yield event
        finally:
            self._asked = 0
