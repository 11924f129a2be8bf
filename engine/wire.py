"""One struct, one line of JSON, and back."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from engine.protocol import AnyCommand, AnyEvent, UnknownEvent

_encoder = msgspec.json.Encoder()
_commands = msgspec.json.Decoder(AnyCommand)
_events = msgspec.json.Decoder(AnyEvent)
_Message = TypeVar("_Message")
_half_character = re.compile("[\ud800-\udfff]")

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder of msgspec raises for a line that is no message, is no text, or nests without end."""


class _Envelope(msgspec.Struct):
    """The little that even a strange line may have."""

    type: str = ""
    id: int = 0


_envelopes = msgspec.json.Decoder(_Envelope)


def encode(message: object) -> bytes:
    """Write a message, or anything else that msgspec can encode, as one line, its newline included.

    Text with half a character in it, as in a file's name that is not UTF-8, has no place in JSON: a picture of the
    half goes instead.
    """
    try:
        return _encoder.encode(message) + b"\n"
    except UnicodeEncodeError:
        return _encoder.encode(_encodable(msgspec.to_builtins(message))) + b"\n"


def decode(decoder: msgspec.json.Decoder[_Message], line: bytes) -> _Message:
    """Read a message with a decoder of msgspec, which raises other things too for text and nesting that are bad.

    Raises:
        msgspec.DecodeError: The line is not one.
    """
    try:
        return decoder.decode(line)
    except UNREADABLE as error:
        raise msgspec.DecodeError(str(error)) from error


def decode_command(line: bytes) -> AnyCommand:
    """Read a command.

    Raises:
        msgspec.DecodeError: The line is not a command of this version.
    """
    command: AnyCommand = decode(_commands, line)
    return command


def decode_event(line: bytes) -> AnyEvent | UnknownEvent:
    """Read an event; whatever can't be read becomes an `UnknownEvent`, so that no line can break a reader."""
    try:
        event: AnyEvent = decode(_events, line)
    except msgspec.DecodeError:
        return _unknown(line)
    return event


def _unknown(line: bytes) -> UnknownEvent:
    raw = line.decode("utf-8", "replace").rstrip("\n")
    try:
        envelope = decode(_envelopes, line)
    except msgspec.DecodeError:
        return UnknownEvent(id=0, kind="", raw=raw)
    return UnknownEvent(id=envelope.id, kind=envelope.type, raw=raw)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return _half_character.sub(lambda half: f"⟨U+{ord(half.group()):04X}⟩", value)
    if isinstance(value, dict):
        return {_encodable(name): _encodable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(each) for each in value]
    return value
