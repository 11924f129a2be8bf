"""Python, the libraries, and what torch can compute on."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata

import msgspec

from engine import __version__
from engine.cli.checks.record import Check
from engine.figures import plural
from engine.paths import Paths
from engine.thread_counts import read_thread_counts

_LEAST_PYTHON = (3, 11)
_TORCH_TIMEOUT_S = 60.0
_LIBRARIES = (
    "torch", "transformers", "textual", "huggingface-hub", "safetensors", "gguf", "accelerate", "msgspec", "jinja2",
    "typer", "platformdirs",
)  # fmt: skip
_LATER_LIBRARIES = {"datasets": "Training", "peft": "Training", "numba": "int8, as well as training in bfloat16,"}
"""What is needed for some things alone, and for what."""
_TORCH_REPORT = """
import json, torch
devices = ["cpu"]
if torch.cuda.is_available():
    devices += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
if torch.backends.mps.is_available():
    devices.append("mps")
print(json.dumps({"devices": devices}))
"""


class _TorchReport(msgspec.Struct):
    devices: list[str]


def check_program() -> Iterator[Check]:
    """Look at what is installed."""
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


def check_computing(paths: Paths) -> Iterator[Check]:
    """Ask torch, in a process of its own, what it can compute on, and tell what was measured."""
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
    yield from _thread_counts(group, paths)


def _thread_counts(group: str, paths: Paths) -> Iterator[Check]:
    counts = read_thread_counts(paths.threads_file)
    if not counts:
        yield Check(group=group, name="threads", state="note", found="1 for small models; large ones are measured")
    for models, count in counts.items():
        speeds = ", ".join(f"{speed} with {threads}" for threads, speed in count.tokens_per_s.items())
        found = f"{count.threads} for {models}; tokens a second: {speeds}"
        yield Check(group=group, name="threads", state="note", found=found)


def _library(group: str, name: str) -> Check:
    try:
        return Check(group=group, name=name, state="ok", found=metadata.version(name))
    except metadata.PackageNotFoundError:
        later = _LATER_LIBRARIES.get(name)
        return Check(
            group=group,
            name=name,
            state="warning" if later else "broken",
            found="missing",
            hint=f"{later} needs it: install Tunesmith again" if later else "Install Tunesmith again",
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


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
