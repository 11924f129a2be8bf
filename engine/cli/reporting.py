"""Where errors become words on stderr, an object on stdout for scripts, and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from engine.cli.output import narrate, out_json
from engine.errors import Failed, TunesmithError
from engine.paths import find_paths

INTERRUPTED = 130


def guard(call: Callable[[], int], *, as_json: bool = False, environ: Mapping[str, str] = os.environ) -> int:
    """Call, and turn whatever goes wrong into words and an exit code; no traceback reaches a person.

    Args:
        call: What to do; returns the exit code.
        as_json: Also print `{"error": {"code", "title", "hint"}}` on stdout.
        environ: Where the folder for the log is found.
    """
    try:
        code = call()
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        return 1
    except KeyboardInterrupt:
        narrate("Interrupted.")
        return INTERRUPTED
    except TunesmithError as error:
        return _report(error, as_json=as_json)
    except Exception as error:
        return _report(unexpected(error, environ), as_json=as_json)
    return code


def _report(error: TunesmithError, *, as_json: bool) -> int:
    try:
        if as_json:
            out_json({"error": {"code": error.code, "title": error.title, "hint": error.hint}})
            sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
    for sentence in (error.title, error.hint):
        if sentence:
            narrate(sentence if sentence.endswith((".", "?", "!")) else f"{sentence}.")
    return error.exit_code


def unexpected(error: BaseException, environ: Mapping[str, str]) -> TunesmithError:
    """Put the traceback of what should not happen into the log, and say where it is."""
    title = f"Something went wrong that should not: {type(error).__name__}"
    log = _log_traceback(error, environ)
    return Failed(title, f"The details are in {log}" if log else "The details could not be written to the log")


def _log_traceback(error: BaseException, environ: Mapping[str, str]) -> Path | None:
    import time
    import traceback

    file = find_paths(environ).log / "tunesmith.log"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8", errors="replace") as log:
            log.write(time.strftime("%Y-%m-%d %H:%M:%S ") + "".join(traceback.format_exception(error)))
    except OSError:
        return None
    return file


def _silence_stdout() -> None:
    # The reader has gone; without this Python complains once more when it flushes at exit.
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return
