"""A command's own model host: what it is asked, and what is shown meanwhile."""

from __future__ import annotations

from engine.cli.narration import ReplyView
from engine.client import HostClient
from engine.errors import Failed as FailedError
from engine.host_words import error_of
from engine.protocol import AnyCommand, AnyEvent, Failed, LoadModel, ModelInfo, ModelReady


async def load_model(client: HostClient, command: LoadModel, view: ReplyView) -> ModelInfo:
    """Load a model.

    Raises:
        TunesmithError: The load failed.
    """
    event = await follow(client, command, view)
    if not isinstance(event, ModelReady):
        raise FailedError(f"{command.ref} was not loaded: the model host answered with {type(event).__name__}")
    return event.model


async def follow(client: HostClient, command: AnyCommand, view: ReplyView) -> AnyEvent | None:
    """Ask, show each event, and return the last.

    Raises:
        TunesmithError: The command failed.
    """
    event: AnyEvent | None = None
    async for event in client.request(command):
        if isinstance(event, Failed):
            raise error_of(event)
        view.show(event)
    return event
