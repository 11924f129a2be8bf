"""Putting the services together when the program starts."""

from __future__ import annotations

from collections.abc import Mapping

from engine.memory import load_memory
from engine.settings import Settings, load_settings

from engine.client import HostClient
from engine.errors import SettingsFault
from engine.paths import find_paths
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
