"""Text from outside, made safe for a terminal.

Models, data sets, templates, file names and logs can hold bytes that drive a terminal: escape sequences,
C1 controls, marks that reorder or hide text. Each becomes a picture that shows what was there.
"""

from __future__ import annotations

import re

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\ud800-\udfff]"
)
_DELETE = 0x7F
_FIRST_PRINTABLE = 0x20
_CONTROL_PICTURES = 0x2400


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < _FIRST_PRINTABLE:
        return chr(_CONTROL_PICTURES + code)
    if code == _DELETE:
        return "\N{SYMBOL FOR DELETE}"
    return f"⟨U+{code:04X}⟩"


def visible(text: str) -> str:
    """Replace whatever a terminal would act on or hide with a picture; newline and tab stay.

    A carriage return before a newline is dropped, as it is only another way of ending a line.
    """
    if text.isascii() and text.isprintable():
        return text
    return _INVISIBLE.sub(_picture, text.replace("\r\n", "\n"))


def visible_line(text: str) -> str:
    """`visible`, on one line: newlines and tabs become pictures too. For names and titles."""
    return visible(text).replace("\n", "␊").replace("\t", "␉")


def visible_json(text: str) -> str:
    """The same JSON, with whatever a terminal would act on or hide written as an escape: nothing in it changes."""
    return _INVISIBLE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    # A character beyond the first 65,536 is two escapes.
    units = match.group().encode("utf-16-be", "surrogatepass").hex(" ", 2).split()
    return "".join(f"\\u{unit}" for unit in units)


def is_text(text: str) -> bool:
    """Whether it can be written as UTF-8; the name of a file whose bytes are none can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
