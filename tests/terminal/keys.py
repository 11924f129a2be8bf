"""The bytes that a terminal sends for a key."""

from __future__ import annotations

_NAMED = {
    "enter": "\r",
    "tab": "\t",
    "space": " ",
    "backspace": "\x7f",
    "escape": "\x1b[27u",
    "shift+tab": "\x1b[Z",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "ctrl+space": "\x00",
    "ctrl+backslash": "\x1c",
    "ctrl+right_square_bracket": "\x1d",
    "ctrl+underscore": "\x1f",
}
_LETTER_FINAL = {"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
_TILDE_NUMBER = {
    "insert": 2,
    "delete": 3,
    "pageup": 5,
    "pagedown": 6,
    "f5": 15,
    "f6": 17,
    "f7": 18,
    "f8": 19,
    "f9": 20,
    "f10": 21,
    "f11": 23,
    "f12": 24,
}
_CODE_POINT = {"enter": 13, "tab": 9, "escape": 27, "space": 32, "backspace": 127}
_MODIFIER_BIT = {"shift": 1, "alt": 2, "ctrl": 4}


def key_bytes(key: str) -> bytes:
    """Encode a key named as Textual names it: `a`, `enter`, `ctrl+p`, `alt+left`, `shift+enter`, `f12`.

    Escape and the combinations with Alt use the kitty protocol, which Textual asks for: a lone escape byte
    would be joined to whatever is sent soon after it.

    Raises:
        ValueError: No such key is known here.
    """
    if key in _NAMED:
        return _NAMED[key].encode()
    if len(key) == 1:
        return key.encode()
    *modifiers, name = key.split("+")
    if not all(modifier in _MODIFIER_BIT for modifier in modifiers):
        raise ValueError(f"not a key: {key!r}")
    if modifiers == ["ctrl"] and len(name) == 1 and name.isalpha():
        return bytes([ord(name.lower()) & 0x1F])
    modifier = 1 + sum(_MODIFIER_BIT[name] for name in modifiers)
    if name in _LETTER_FINAL:
        start = f"1;{modifier}" if modifiers else ""
        return f"\x1b[{start}{_LETTER_FINAL[name]}".encode()
    if name in _TILDE_NUMBER:
        end = f";{modifier}" if modifiers else ""
        return f"\x1b[{_TILDE_NUMBER[name]}{end}~".encode()
    code = ord(name) if len(name) == 1 else _CODE_POINT.get(name)
    if code is None:
        raise ValueError(f"not a key: {key!r}")
    return f"\x1b[{code};{modifier}u".encode()
