"""The model host's process: `python -P -m engine.host`.

Commands come on stdin, events go to stdout, the log to stderr. With `--background` it lets other programs go first.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial

from engine import __version__
from engine.host.output import EventWriter, end_process
from engine.host.service import Service
from engine.inference.garbage import without_collections
from engine.paths import find_paths
from engine.protocol import Hello
from engine.replying import told_as_replying

BACKGROUND = "--background"
_CHUNK_BYTES = 1 << 16
_QUIET = {
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}


def main() -> None:
    """Answer commands until stdin closes or a `Shutdown` comes."""
    # Ctrl+C in a terminal goes to every process in it; the client decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    is_background = BACKGROUND in sys.argv[1:]
    if is_background:
        _let_others_go_first()
    commands, events = _take_over_pipes()
    _set_up_log()
    writer = EventWriter(events)
    writer.write(Hello(id=0, version=__version__, pid=os.getpid()))
    imported = threading.Event()
    threading.Thread(target=_import_libraries, args=(imported,), name="import", daemon=True).start()
    paths = find_paths()
    during_reply = nullcontext if is_background else partial(told_as_replying, paths.replying_file)
    service = Service(paths, imported, writer.write, end_process, during_reply=during_reply)
    for line in _lines(commands):
        service.take(line)
    end_process()


def _let_others_go_first() -> None:
    # A child shares the scheduling group of the program that started it, in which niceness is enough.
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.nice(19)


def _take_over_pipes() -> tuple[int, int]:
    """Keep stdin and stdout for the protocol: a library that prints reaches the log, one that reads gets nothing."""
    commands, events = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return commands, events


def _set_up_log() -> None:
    sys.stderr.reconfigure(errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s: %(name)s: %(message)s")
    logging.captureWarnings(True)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


def _import_libraries(imported: threading.Event) -> None:
    """Import torch before anybody asks: it takes a second. A failure shows again, in words, when a model is loaded.

    Transformers, which takes several, is imported by the first load that needs it.
    """
    try:
        with without_collections():
            importlib.import_module("engine.inference.loading")
    except Exception:
        traceback.print_exc()
    finally:
        imported.set()


def _lines(descriptor: int) -> Iterator[bytes]:
    rest = b""
    while chunk := os.read(descriptor, _CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from filter(None, lines)


if __name__ == "__main__":
    main()
