"""The folders, the user's own files, and the models."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.cli.checks.record import Check
from engine.corpus.prepared import MAX_AGE_S, MAX_BYTES, list_prepared
from engine.errors import SettingsFault
from engine.figures import human_bytes, plural
from engine.memory import load_memory
from engine.models import list_models
from engine.models.hub_cache import find_hub_cache
from engine.models.hub_files import is_offline
from engine.paths import Paths

_LOW_DISK_BYTES = 2_000_000_000


def check_folders(paths: Paths, environ: Mapping[str, str]) -> Iterator[Check]:
    """Look whether everything can be written, and whether there is room."""
    group = "Folders"
    places = {
        "config": paths.config,
        "data": paths.data,
        "cache": paths.cache,
        "state": paths.state,
        "hub cache": find_hub_cache(environ),
    }
    for name, folder in places.items():
        writable = _is_writable(folder)
        yield Check(
            group=group,
            name=name,
            state="ok" if writable else "broken",
            found=str(folder) if folder.exists() else f"{folder} (made when it is needed)",
            hint="" if writable else f"It can't be written: {_remedy(name)}",
        )
    for name in ("data", "hub cache"):
        yield _free(group, f"free for {name.removesuffix(' cache')}", places[name])


def check_prepared(paths: Paths) -> Iterator[Check]:
    """Look at what is kept of the data of earlier runs."""
    kept = list_prepared(paths.prepared)
    size = human_bytes(sum(one.size_bytes for one in kept))
    limits = f"at most {human_bytes(MAX_BYTES)} are kept, for {round(MAX_AGE_S / 86_400)} days after the last use"
    yield Check(
        group="Folders",
        name="prepared data",
        state="ok",
        found=f"{size} of {plural(len(kept), 'data set')}; {limits}" if kept else "none",
        hint="`tunesmith data prune` frees it" if kept else "",
    )


def check_own_files(paths: Paths) -> Iterator[Check]:
    """Read what the user wrote: settings and templates."""
    from engine.settings import load_settings
    from engine.templates import Library

    group = "Your files"
    try:
        load_settings(paths.settings_file)
    except SettingsFault as fault:
        yield Check(group=group, name="settings", state="warning", found=fault.title, hint=fault.hint)
    else:
        found = str(paths.settings_file) if paths.settings_file.exists() else "none: the defaults are used"
        yield Check(group=group, name="settings", state="ok", found=found)
    listing = Library(paths.templates).scan()
    yield Check(group=group, name="templates", state="ok", found=plural(len(listing.templates), "template"))
    for template_fault in listing.faults:
        place = f"{template_fault.file}:{template_fault.line}" if template_fault.line else template_fault.file
        found = f"{place}: {template_fault.title}"
        yield Check(group=group, name="template", state="warning", found=found, hint=template_fault.hint)


def check_models(paths: Paths, environ: Mapping[str, str]) -> Iterator[Check]:
    """Look at the models that are here, and at how others can be had."""
    group = "Models"
    recent = load_memory(paths.memory_file).recent_models
    entries = [entry for entry in list_models(paths, environ, remembered=recent) if entry.here]
    usable = sum(entry.usable for entry in entries)
    yield Check(
        group=group,
        name="here",
        state="ok" if usable else "note",
        found=plural(usable, "model") if usable else "none yet",
        hint="" if usable else "`tunesmith models list` shows what can be had",
    )
    for entry in entries:
        if entry.fault:
            yield Check(group=group, name="not usable", state="note", found=f"{entry.ref}: {entry.fault}")
    offline = is_offline(environ)
    yield Check(
        group=group,
        name="downloads",
        state="note",
        found="forbidden by HF_HUB_OFFLINE" if offline else f"from {environ.get('HF_ENDPOINT') or 'the hub'}",
    )
    token = "set" if environ.get("HF_TOKEN") else "not set; only private and licensed models need it"
    yield Check(group=group, name="HF_TOKEN", state="note", found=token)


def _remedy(name: str) -> str:
    variable = "HF_HOME" if name == "hub cache" else "TUNESMITH_HOME"
    return f"check who owns it, or set {variable} to a folder of your own"


def _free(group: str, name: str, folder: Path) -> Check:
    try:
        free = shutil.disk_usage(_nearest(folder)).free
    except OSError as error:
        return Check(group=group, name=name, state="warning", found=f"not known: {error.strerror}")
    low = free < _LOW_DISK_BYTES
    return Check(
        group=group,
        name=name,
        state="warning" if low else "ok",
        found=human_bytes(free),
        hint="Models take gigabytes: free some space, or move the folder" if low else "",
    )


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _is_writable(folder: Path) -> bool:
    nearest = _nearest(folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
