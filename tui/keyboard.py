"""What a terminal sends, taken apart into keys: where Textual's own parser waits too long or guesses wrong.

Textual waits 100 ms after Esc for the rest of a sequence, and gathers up to 32 characters while it waits. So Esc
and quick keys after it run together, and what comes out of it when the next sequence begins is typed: `^` and
letters in the composer. Here a sequence ends where its grammar (ECMA-48, 5.4) says so, and what is no key is dropped.
"""

from __future__ import annotations

import codecs
import functools
from collections.abc import Callable, Generator, Iterable

from textual._parser import ParseTimeout
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.events import Key, Paste
from textual.message import Message

_ESC = "\x1b"
_CSI = "\x1b["
_OPEN = ("\x1b[M", "\x1b[[")
"""A mouse's report in the old way, and a function key of the Linux console: they go on though they look complete."""
_INTRODUCERS = "[OPX]^_"
"""After Esc, more than one character has to come."""
_LONGEST = 32
"""What has as many characters is no sequence to Textual, which would type them."""
_ALT_ENTER = "\x1b\r"
"""Textual knows it as Enter alone."""
_ALSO_WITH_ALT = "\r\t\x1b"
"""Alt and one of these is a key; Esc before any other control character is a key of its own."""


class KeyParser(XTermParser):
    """Ends each sequence where it ends."""

    def __init__(self, debug: bool = False) -> None:
        """Begin outside of any sequence."""
        super().__init__(debug)
        self._sequence = ""
        self._pasting = False
        self._pasted: list[str] = []
        self._held = ""
        """What may be the beginning of a paste's end."""

    def feed(self, data: str) -> Iterable[Message]:
        """Take in what was read at once; hand out the events."""
        if not data:  # the end
            yield from super().feed(data)
            return
        while data:
            if self._pasting:
                data = yield from self._paste(data)
                continue
            if self._sequence and _is_new(data[0], self._sequence):
                yield from self._end()
            size = 1 if self._sequence or data[0] == _ESC else data.find(_ESC) % (len(data) + 1)
            yield from super().feed(data[:size])
            yield from self._follow(data[size - 1])
            data = data[size:]

    def tick(self) -> Iterable[Message]:
        """Let a sequence end whose rest did not come in time."""
        yield from super().tick()
        if self._awaiting.timeout is None:
            self._sequence = ""

    def _follow(self, character: str) -> Iterable[Message]:
        """Keep in mind where in a sequence we are, and end it where it can't go on."""
        begun = _ESC if character == _ESC else self._sequence and self._sequence + character
        if self._awaiting.timeout is not None:
            self._sequence = begun
            if _is_over(begun):
                yield from self._end()
            return
        self._pasting = begun == BRACKETED_PASTE_START
        self._sequence = ""

    def _paste(self, data: str) -> Generator[Message, None, str]:
        """Gather all up to the end of a paste, where Textual loses what follows an Esc; return the rest."""
        text, end, rest = (self._held + data).partition(BRACKETED_PASTE_END)
        held = 0 if end else len(BRACKETED_PASTE_END) - 1
        self._held = text[max(0, len(text) - held) :]
        self._pasted.append(text[: len(text) - len(self._held)])
        if end:
            self._pasting = False
            whole = "".join(self._pasted).replace("\0", "")
            self._pasted.clear()
            for event in super().feed(end):
                yield Paste(whole) if isinstance(event, Paste) else event
        return rest

    def _end(self) -> Iterable[Message]:
        """Have the sequence taken for what it is: Esc, a key with Alt, or nothing that anybody pressed."""
        sequence, self._sequence = self._sequence, ""
        self._timeout_time = None
        self._awaiting = self._gen.throw(ParseTimeout())
        found = (Key("alt+enter", None),) if sequence == _ALT_ENTER else tuple(self._tokens)
        self._tokens.clear()
        if not (len(sequence) > 2 and sequence[1] in _INTRODUCERS):
            yield from found


def _is_new(character: str, sequence: str) -> bool:
    """Whether a character does not belong to the sequence before it, which is not going to be finished."""
    if sequence == _ESC:
        return character < " " and character not in _ALSO_WITH_ALT
    return character == _ESC or len(sequence) == _LONGEST


def _is_over(sequence: str) -> bool:
    """Whether nothing more belongs to it."""
    if len(sequence) < 2:
        return False
    if sequence.startswith(_CSI):
        return len(sequence) > 2 and "@" <= sequence[-1] <= "~" and not sequence.startswith(_OPEN)
    return sequence[1] not in _INTRODUCERS


def install() -> None:
    """Have the terminal's driver use it, which has no other place to say so.

    Nor has it one to say that a byte which is no UTF-8 shall not end the program: it becomes a replacement character.
    """
    from textual.drivers import linux_driver

    linux_driver.XTermParser = KeyParser  # type: ignore[attr-defined]
    linux_driver.getincrementaldecoder = _lenient  # type: ignore[attr-defined, assignment]


def _lenient(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
    return functools.partial(codecs.getincrementaldecoder(encoding), errors="replace")
