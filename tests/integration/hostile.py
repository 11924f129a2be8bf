"""Hostile text for every place that a person can see, and the pictures it has to become."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.terminal import HOSTILE, Terminal, forbidden_bytes

MARKUP = "[red]x[/][@click=app.bell]y[/]"
PAYLOAD = MARKUP + "".join(HOSTILE)
"""What no program can be kept from putting into a text."""
ARGUMENT = PAYLOAD.replace("\0", "")
"""What an argument or a variable of the environment can hold."""
FILE_NAME = ARGUMENT.replace("/", "∕")[:80]
"""What a file's name can hold."""
PASTE = re.sub("[\x00-\x1f\x7f]", "", PAYLOAD)
"""What terminals let through when a person pastes it."""

ONE_LINE = "".join(PASTE.splitlines())
"""What a command in the composer can hold."""


def end_of(terminal: Terminal) -> None:
    """Leave the program, and look at all that it ever wrote."""
    terminal.press("ctrl+q")
    terminal.wait_for_exit()
    assert forbidden_bytes(terminal.raw) == []


def unwrapped(screen: str) -> str:
    """The screen without what breaks words apart: line ends, borders, spaces."""
    return re.sub(r"[\s│▌▎▐┃╭╮╰╯─▏▕█▁▔]", "", screen)


def shows(*wanted: str) -> Callable[[str], bool]:
    """A predicate for `wait_for`: all of these are on the screen, beside its sidebar or in a notice."""

    def visible(screen: str) -> bool:
        parts = ("\n".join(line.rpartition(edge)[2] for line in screen.split("\n")) for edge in "▎▌")
        found = [unwrapped(screen), *map(unwrapped, parts)]
        return all(any(unwrapped(text) in one for one in found) for text in wanted)

    visible.__name__ = f"all of {wanted}"
    return visible
