"""One struct, one line of JSON, and back."""

from __future__ import annotations

import msgspec

from engine.protocol import AnyCommand, AnyEvent, Command, Event, UnknownEvent

_encoder = msgspec.json.Encoder()
_commands = msgspec.json.Decoder(AnyCommand)
_events = msgspec.json.Decoder(AnyEvent)


class _Envelope(msgspec.Struct):
    """The little that even a strange line may have."""

    type: str = ""
    id: int = 0


def encode(message: Command | Event) -> bytes:
    """Write a message as one line, its newline included."""
    return _encoder.encode(message) + b"\n"


def decode_command(line: bytes) -> AnyCommand:
    """Read a command.

    Raises:
        msgspec.DecodeError: The line is not a command of this version.
    """
    command: AnyCommand = _commands.decode(line)
    return command


def decode_event(line: bytes) -> AnyEvent | UnknownEvent:
    """Read an event; whatever can't be read becomes an `UnknownEvent`, so that no line can break a reader."""
    try:
        event: AnyEvent = _events.decode(line)
    except msgspec.DecodeError:
        return _unknown(line)
    return event


def _unknown(line: bytes) -> UnknownEvent:
    raw = line.decode("utf-8", "replace").rstrip("\n")
    try:
        envelope = msgspec.json.decode(line, type=_Envelope)
    except msgspec.DecodeError:
        return UnknownEvent(id=0, kind="", raw=raw)
    return UnknownEvent(id=envelope.id, kind=envelope.type, raw=raw)
