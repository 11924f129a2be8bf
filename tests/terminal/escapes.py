"""Which bytes may reach a terminal, and which of them pyte can digest.

Textual and Rich style and place text with a few kinds of escape sequences. Whatever else drives a terminal
must have come out of somebody's text: a model's, a template's, a file's name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

HOSTILE = (
    "\x1b]52;c;SE9TVElMRQ==\x07",  # writes the clipboard
    "\x1b]0;pwned\x07",  # sets the window's title
    "\x1b]8;;http://hostile.invalid\x1b\\click\x1b]8;;\x1b\\",  # makes a link
    "\x1b[38;2;1;2;3m",  # colours what follows
    "\x1b[2J\x1b[13;37H",  # wipes the screen and moves the cursor
    "\x1b[?1049l\x1b[3J",  # leaves the alternate screen and wipes the scrollback
    "\x1b[6n",  # makes the terminal type
    "\x1bP+q544e\x1b\\",  # asks for a capability, which makes the terminal type too
    "\x1b_Ghostile\x1b\\",  # draws a picture
    "\x1bc",  # resets the terminal
    "\x9b31m",  # a control sequence that begins with a C1 control
    "\x9d0;pwned\x9c",
    "\x07",
    "\x08\x08\x08",
    "\x0e\x0f",
    "\x0b\x0c",
    "\x00",
    "\x7f",
    "\x85",
    "\u202ereversed",  # shows what follows right to left
    "\u2066isolated\u2069",
    "\u200bzero\u200dwidth\u2060",
    "\ufeff",
    "\U000e0041\U000e007f",  # letters that can't be seen
    "[bold red]markup[/]",  # harmless for a terminal: must be shown as it is
)
"""Text that must reach the terminal as a picture of itself or not at all."""

_SEQUENCE = re.compile(
    r"\x1b\[(?P<csi>[0-?]*[ -/]*[@-~])"
    r"|\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b(?P<string>[P_^X])[^\x1b]*\x1b\\"
    r"|\x1b(?P<other>[ -/]*[0-Z\\^`-~])"
    r"|(?P<control>[\x00-\x1f\x7f-\x9f])"
)
_TEXTUAL_CSI = re.compile(
    r"[0-9;]*m"  # style
    r"|[0-9]*;?[0-9]*H|[0-9]*[ABCDGJK]"  # placement
    r"|\?(?:7|25|1000|1002|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl]"  # modes
    r"|\?(?:2026|2048)\$p"  # questions about modes
    r"|[<>][0-9]*u"  # the kitty keyboard protocol
)
_TEXTUAL_OSC = re.compile(r"22;[a-z-]*")  # the pointer's shape
_WRITTEN_BY_THE_DRIVER = "\n\r\t"
_FORMAT_BUT_SHOWN = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001343f]")
_INCOMPLETE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]P_^X][^\x07\x1b]*\x1b?|[ -/]*)?\Z")


def forbidden_bytes(raw: bytes, *, clipboard: Iterable[str] = (), bell: bool = False) -> list[str]:
    """List what must not be in the output of a Textual program.

    A hostile sequence may look just like one of Textual's own (a colour, a move of the cursor); so those in
    `HOSTILE` are unlike any that Textual writes in practice, and are looked for as they are.

    Args:
        raw: All that the program wrote.
        clipboard: The base64 of what it may put on the clipboard.
        bell: Whether it may ring.

    Returns:
        One entry for each find: what it is and the text around it. Empty where all is well.
    """
    text, _ = split_incomplete(raw.decode(errors="surrogateescape"))
    copies = {f"52;c;{content}" for content in clipboard}
    finds = [
        f"{match.group()!r} in {_around(text, match.start())}"
        for match in _SEQUENCE.finditer(text)
        if not _is_textuals_own(match, copies, bell)
    ]
    plain = _SEQUENCE.sub("", text)
    finds += [f"U+{ord(char):04X} in {_around(plain, at)}" for at, char in enumerate(plain) if _is_hidden(char)]
    finds += [f"hostile {payload!r}" for payload in HOSTILE if "\x1b" in payload and payload in text]
    return finds


def _is_textuals_own(match: re.Match[str], copies: set[str], bell: bool) -> bool:
    kind, content = match.lastgroup, match.group(match.lastgroup or 0)
    if kind == "csi":
        return bool(_TEXTUAL_CSI.fullmatch(content))
    if kind == "osc":
        return bool(_TEXTUAL_OSC.fullmatch(content)) or content in copies
    return kind == "control" and (content in _WRITTEN_BY_THE_DRIVER or (bell and content == "\x07"))


def _is_hidden(char: str) -> bool:
    if char.isascii():
        return False
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and not _FORMAT_BUT_SHOWN.match(char)


def _around(text: str, at: int) -> str:
    return repr(text[max(0, at - 20) : at + 30])


def split_incomplete(text: str) -> tuple[str, str]:
    """Split off an escape sequence at the end that goes on in a later read.

    Returns:
        The text before it, and the beginning of the sequence.
    """
    match = _INCOMPLETE.search(text)
    return (text[: match.start()], match.group()) if match else (text, "")


def split_unfinished_frame(text: str) -> tuple[str, str]:
    """Split off a frame at the end that is still being written, where the program marks its frames.

    Returns:
        The text before the frame, and the frame so far.
    """
    begin, end = text.rfind("\x1b[?2026h"), text.rfind("\x1b[?2026l")
    return (text[:begin], text[begin:]) if begin > end else (text, "")


def digestible(text: str) -> str:
    """Take out the sequences that pyte would draw as text or choke on.

    Those are the strings (OSC, DCS, APC), questions and answers, and the private ones other than modes.
    """
    return _SEQUENCE.sub(_keep_digestible, text)


def _keep_digestible(match: re.Match[str]) -> str:
    kind, content = match.lastgroup, match.group(match.lastgroup or 0)
    if kind == "csi":
        if content in {"?1049h", "?1049l"}:
            return "\x1b[2J\x1b[H"  # pyte has one screen: what was there before does not shine through
        plain = re.fullmatch(r"[0-9;]*[A-Za-z@`]|\?[0-9;]*[hl]", content)
        return match.group() if plain else ""
    return content if kind == "control" and content != "\x1b" else ""
