"""What `tunesmith doctor` looks at. Nothing is changed, and nothing is asked of the network."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Literal

import msgspec

from engine import __version__
from engine.errors import SettingsFault
from engine.figures import human_bytes, plural
from engine.models import list_models
from engine.models.hub_cache import find_hub_cache
from engine.models.hub_files import is_offline
from engine.paths import Paths

State = Literal["ok", "note", "warning", "broken"]

_LEAST_PYTHON = (3, 11)
_LOW_DISK_BYTES = 2_000_000_000
_TORCH_TIMEOUT_S = 60.0
_LEAST_COLUMNS, _LEAST_LINES = 80, 24
_LIBRARIES = (
    "torch", "transformers", "textual", "huggingface-hub", "safetensors", "gguf", "accelerate", "msgspec", "jinja2",
    "typer", "platformdirs",
)  # fmt: skip
_LATER_LIBRARIES = ("datasets", "peft")
"""Only training needs them."""
_OSC52 = ("kitty", "wezterm", "ghostty", "iterm.app", "alacritty", "foot", "vscode", "xterm-kitty", "contour", "rio")
_NO_OSC52 = ("apple_terminal",)
_CLIPBOARD_TOOLS = ("pbcopy", "wl-copy", "xclip", "xsel", "clip.exe", "clip")
_TORCH_REPORT = """
import json, torch
devices = ["cpu"]
if torch.cuda.is_available():
    devices += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
if torch.backends.mps.is_available():
    devices.append("mps")
print(json.dumps({"devices": devices, "threads": torch.get_num_threads()}))
"""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    group: str
    name: str
    state: State
    found: str
    hint: str = ""
    """What to do; empty where nothing need be done."""


class _TorchReport(msgspec.Struct):
    devices: list[str]
    threads: int


def examine(paths: Paths, environ: Mapping[str, str]) -> tuple[Check, ...]:
    """Look at everything; torch is asked in a process of its own."""
    return (
        *_program(),
        *_compute(),
        *_folders(paths, environ),
        *_own_files(paths),
        *_hub(paths, environ),
        *_terminal(environ),
    )


def _program() -> Iterator[Check]:
    group = "Program"
    yield Check(group=group, name="tunesmith", state="ok", found=__version__)
    fits = sys.version_info[:2] >= _LEAST_PYTHON
    yield Check(
        group=group,
        name="python",
        state="ok" if fits else "broken",
        found=f"{platform.python_version()} at {sys.executable}",
        hint="" if fits else "Python 3.11 or newer is needed",
    )
    for library in (*_LIBRARIES, *_LATER_LIBRARIES):
        yield _library(group, library)
    yield _sqlite(group)


def _library(group: str, name: str) -> Check:
    try:
        return Check(group=group, name=name, state="ok", found=metadata.version(name))
    except metadata.PackageNotFoundError:
        later = name in _LATER_LIBRARIES
        return Check(
            group=group,
            name=name,
            state="warning" if later else "broken",
            found="missing",
            hint="Training needs it: install Tunesmith again" if later else "Install Tunesmith again",
        )


def _sqlite(group: str) -> Check:
    try:
        with sqlite3.connect(":memory:") as connection:
            connection.execute("CREATE VIRTUAL TABLE t USING fts5(text)")
        connection.close()
    except sqlite3.Error:
        return Check(
            group=group,
            name="sqlite",
            state="broken",
            found=f"{sqlite3.sqlite_version} without full-text search (FTS5)",
            hint="Conversations can't be searched with it: use a Python whose sqlite has FTS5",
        )
    return Check(group=group, name="sqlite", state="ok", found=f"{sqlite3.sqlite_version} with full-text search")


def _compute() -> Iterator[Check]:
    group = "Computing"
    yield Check(group=group, name="machine", state="note", found=f"{platform.machine()}, {plural(_cores(), 'core')}")
    try:
        result = subprocess.run(
            [sys.executable, "-P", "-c", _TORCH_REPORT],
            capture_output=True,
            timeout=_TORCH_TIMEOUT_S,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        report = msgspec.json.decode(result.stdout.strip().rpartition(b"\n")[2], type=_TorchReport)
    except subprocess.TimeoutExpired:
        yield Check(
            group=group,
            name="torch",
            state="warning",
            found=f"did not answer within {_TORCH_TIMEOUT_S:.0f} s",
            hint="The machine may be very busy: try again later",
        )
        return
    except (subprocess.CalledProcessError, msgspec.DecodeError, OSError) as error:
        said = (getattr(error, "stderr", b"") or b"").decode(errors="replace").strip().rpartition("\n")[2]
        yield Check(
            group=group,
            name="torch",
            state="broken",
            found=f"can't be imported: {said or error}",
            hint="No model can be loaded: install Tunesmith again",
        )
        return
    yield Check(group=group, name="devices", state="ok", found=", ".join(report.devices))
    yield Check(group=group, name="torch threads", state="note", found=str(report.threads))


def _folders(paths: Paths, environ: Mapping[str, str]) -> Iterator[Check]:
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


def _own_files(paths: Paths) -> Iterator[Check]:
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
        yield Check(group=group, name="template", state="warning", found=template_fault.title, hint=template_fault.hint)


def _hub(paths: Paths, environ: Mapping[str, str]) -> Iterator[Check]:
    group = "Models"
    entries = [entry for entry in list_models(paths, environ) if entry.here]
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


def _terminal(environ: Mapping[str, str]) -> Iterator[Check]:
    group = "Terminal"
    term = environ.get("TERM", "")
    usable = bool(term) and term != "dumb"
    if platform.system() != "Windows":
        yield Check(
            group=group,
            name="TERM",
            state="ok" if usable else "warning",
            found=term or "not set",
            hint="" if usable else "The program needs a real terminal; the commands work without one",
        )
    yield Check(group=group, name="colours", state="ok", found=_colours(environ))
    size = shutil.get_terminal_size()
    roomy = size.columns >= _LEAST_COLUMNS and size.lines >= _LEAST_LINES
    yield Check(
        group=group,
        name="size",
        state="ok" if roomy else "warning",
        found=f"{size.columns} x {size.lines}",
        hint="" if roomy else f"It reads best from {_LEAST_COLUMNS} x {_LEAST_LINES} on",
    )
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    yield Check(
        group=group,
        name="encoding",
        state="ok" if encoding == "utf8" else "warning",
        found=sys.stdout.encoding or "not known",
        hint="" if encoding == "utf8" else "Set LANG to a UTF-8 locale, or PYTHONUTF8=1",
    )
    yield from _clipboard(group, environ)


def _clipboard(group: str, environ: Mapping[str, str]) -> Iterator[Check]:
    tool = next((tool for tool in _CLIPBOARD_TOOLS if shutil.which(tool, path=environ.get("PATH"))), "")
    by_terminal = _copies_by_terminal(environ)
    yield Check(group=group, name="copy by terminal", state="note", found=f"OSC 52: {by_terminal}")
    helpless = not tool and by_terminal != "yes"
    yield Check(
        group=group,
        name="clipboard tool",
        state="warning" if helpless else "ok",
        found=tool or "none",
        hint="Copying depends on the terminal alone; xclip or wl-copy would help" if helpless else "",
    )


def _copies_by_terminal(environ: Mapping[str, str]) -> str:
    """Guess whether the terminal takes OSC 52, by its name; it can't be asked without disturbing it."""
    names = {environ.get("TERM_PROGRAM", "").lower(), environ.get("TERM", "").lower().removeprefix("xterm-")}
    if environ.get("TMUX"):
        return "inside tmux only with `set -g set-clipboard on`"
    if names & set(_NO_OSC52):
        return "no"
    if names & set(_OSC52) or environ.get("WT_SESSION"):
        return "yes"
    return "perhaps"


def _colours(environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return "none, as NO_COLOR is set"
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16 million"
    return "256" if "256color" in environ.get("TERM", "") else "perhaps 16"


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _is_writable(folder: Path) -> bool:
    nearest = _nearest(folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
