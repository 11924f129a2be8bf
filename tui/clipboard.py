"""The system's clipboard, beside the terminal's own."""

from __future__ import annotations

import asyncio


async def copy_to_system(text: str, *, timeout_s: float = 2.0) -> bool:
    """Put a text on the system's clipboard, where there is one.

    A machine reached over SSH has none, and tools can hang or be missing: that is no error, as the terminal is
    asked as well (OSC 52).

    Returns:
        Whether a tool took it.
    """
    try:
        await asyncio.wait_for(asyncio.to_thread(_copy, text), timeout_s)
    except Exception:
        return False
    return True


def _copy(text: str) -> None:
    import pyperclip

    pyperclip.copy(text)
