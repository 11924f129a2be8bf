"""Putting the engine's parts together when the program starts."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from engine.client import HostClient
from engine.conversations import Store
from engine.errors import SettingsFault, StoreFailed
from engine.memory import load_memory
from engine.paths import find_paths
from engine.settings import Settings, load_settings
from engine.templates import Library
from tui.services import Services


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
    """Open the conversations; where that can't be done, a store in a temporary folder.

    Returns:
        The store, and what the person has to be told; mostly nothing.
    """
    try:
        store = Store.open(services.paths.conversations_file, clock=services.now)
    except StoreFailed as error:
        folder = Path(tempfile.mkdtemp(prefix="tunesmith-"))
        store = Store.open(folder / "conversations.db", clock=services.now)
        return store, f"{error} Until then what you write is kept in {folder} only."
    return store, store.notice
