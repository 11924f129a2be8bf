"""What ends the program from outside: a closed terminal, and whoever shuts the machine down."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from functools import partial

from textual.app import App

_ENDING = ("SIGHUP", "SIGTERM")
_EXIT_CODE_BASE = 128


def leave_when_asked(app: App[None]) -> None:
    """Leave as by the key, drafts kept and the model host ended, when a signal asks for it."""
    loop = asyncio.get_running_loop()
    for name in _ENDING:
        number = getattr(signal, name, None)
        if number is not None:
            with contextlib.suppress(NotImplementedError):  # not on Windows, which has no such signals
                loop.add_signal_handler(number, partial(app.exit, return_code=_EXIT_CODE_BASE + number))
