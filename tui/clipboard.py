"""The system's clipboard, beside the terminal's own."""

from __future__ import annotations

import asyncio
import contextlib
import threading


async def copy_to_system(text: str, *, timeout_s: float = 2.0) -> bool:
    """Put a text on the system's clipboard, where there is one.

    A machine reached over SSH has none, and tools can hang or be missing: that is no error, as the terminal is
    asked as well (OSC 52).

    Returns:
        Whether a tool took it.
    """
    done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    # A thread of its own, which nobody waits for when the program ends: a tool that hangs would keep it open.
    threading.Thread(target=_copy, args=(text, done, asyncio.get_running_loop()), daemon=True).start()
    try:
        return await asyncio.wait_for(done, timeout_s)
    except TimeoutError:
        return False


def _copy(text: str, done: asyncio.Future[bool], loop: asyncio.AbstractEventLoop) -> None:
    try:
        import pyperclip

        pyperclip.copy(text)
        copied = True
    except Exception:
        copied = False
    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(_settle, done, copied)


def _settle(done: asyncio.Future[bool], copied: bool) -> None:
    if not done.done():
        done.set_result(copied)
