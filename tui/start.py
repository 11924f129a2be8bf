"""Putting the engine's parts together when the program starts."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from engine.client import HostClient
from engine.conversations import DELETED_KEPT_S, Busy, Store
from engine.errors import SettingsFault, StoreFailed
from engine.memory import load_memory
from engine.paths import find_paths
from engine.settings import Settings, load_settings
from engine.templates import Library
from tui.services import Services

STORE_BUSY_TIMEOUT_S = 0.1
"""How long the keys may stand still for another program's write; what could not be written is tried again."""


def make_services(environ: Mapping[str, str]) -> Services:
    """Find the folders, read settings and memory; nothing is started yet.

    Bad settings don't keep anybody out: the defaults are used, and the fault is told on the screen.
    """
    paths = find_paths(environ)
    fault = ""
    try:
        settings = load_settings(paths.settings_file)
    except SettingsFault as error:
        settings, fault = Settings(), str(error)
    return Services(
        paths=paths,
        settings=settings,
        memory=load_memory(paths.memory_file),
        library=Library(paths.templates),
        client=HostClient(env=dict(environ)),
        environ=environ,
        settings_fault=fault,
    )


def open_store(services: Services) -> tuple[Store, str]:
    """Open the conversations; where that can't be done, a copy of what can be read of them, in a temporary folder.

    What was deleted long ago is removed for good.

    Returns:
        The store, and what the person has to be told; mostly nothing.
    """
    try:
        store = Store.open(services.paths.conversations_file, clock=services.now, busy_timeout_s=STORE_BUSY_TIMEOUT_S)
    except StoreFailed as error:
        folder = Path(tempfile.mkdtemp(prefix="tunesmith-"))
        store = _stand_in(services, folder, is_busy=isinstance(error, Busy))
        return store, f"{error}. Until then what you write is kept in {folder} only."
    with contextlib.suppress(StoreFailed):  # another time, then
        store.purge(deleted_before_s=services.now() - DELETED_KEPT_S)
    return store, store.notice


def _stand_in(services: Services, folder: Path, *, is_busy: bool) -> Store:
    """A store in a folder, with the conversations that are there; without them where they can't be read either."""
    file = services.paths.conversations_file
    copy = folder / file.name
    if not is_busy:  # what another program writes to meanwhile would be torn
        with contextlib.suppress(OSError, StoreFailed):
            for suffix in ("", "-wal"):  # the second has what the first has not got yet
                part = file.with_name(file.name + suffix)
                if part.is_file():
                    shutil.copyfile(part, folder / part.name)
            return Store.open(copy, clock=services.now)
    return Store.open(folder / "new" / file.name, clock=services.now)
