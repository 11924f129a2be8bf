"""What is given to the command line on standard input."""

from __future__ import annotations

import sys

from engine.errors import Failed


def standard_input(what: str) -> str:
    """Read all of it as UTF-8, without the newline that ends the last line.

    Args:
        what: What it is, for the error: "prompt".

    Raises:
        Failed: It is not UTF-8.
    """
    raw = sys.stdin.buffer.read()
    try:
        return raw.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Failed(f"The {what} on standard input is not UTF-8 text", "Convert it, for instance with iconv") from None
