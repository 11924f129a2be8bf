"""The user's config.toml: every key is read, checked and given its default here."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal, cast

import msgspec

from engine.errors import SettingsFault
from engine.fields import Fields, Problem
from engine.precisions import PRECISIONS
from engine.protocol import SamplingChange
from engine.sampling import read_sampling
from engine.toml import TomlFault, read_toml

Theme = Literal["dark", "light", "auto"]
_THEMES = ("dark", "light", "auto")
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")
_MAX_FILE_BYTES = 1_000_000
_MAX_THREADS = 1024
_MAX_SHOWN = 20


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the user wants everywhere, unless a template, a conversation or a flag says otherwise."""

    model: str = ""
    """The model to open with when none is remembered; empty opens the starter."""
    template: str = ""
    """The template of new conversations; empty lets the model decide."""
    device: str = "auto"
    """auto, cpu, mps, cuda or cuda:N."""
    dtype: str = "auto"
    """auto, float32, float16, bfloat16 or int8."""
    threads: int = 0
    """Torch's threads for one operation; 0 lets the host choose."""
    theme: Theme = "auto"
    markdown: bool = False
    """Whether replies are shown as Markdown from the start."""
    sampling: SamplingChange = SamplingChange()
    keys: dict[str, str] = {}
    """For an action's id the keys that replace its own, separated by commas; an empty text takes its keys away."""


def load_settings(file: Path) -> Settings:
    """Read config.toml; without one, everything has its default.

    Raises:
        SettingsFault: It can't be read or has values that can't be used: all of them, each with its line.
    """
    try:
        with file.open("rb") as stream:
            raw = stream.read(_MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        title = f"{file} can't be read: {error.strerror or error}"
        raise SettingsFault(title, "Look at the path and its permissions") from None
    if len(raw) > _MAX_FILE_BYTES:
        raise SettingsFault(f"{file} has more than {_MAX_FILE_BYTES:,} bytes", "It should be a page of text")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsFault(f"{file}, line {line}: it is not UTF-8 text", "Save it as UTF-8") from None
    settings, problems = parse_settings(text)
    if problems:
        raise _fault(file, problems)
    return settings


def parse_settings(text: str) -> tuple[Settings, tuple[Problem, ...]]:
    """Read the text of a config.toml. What is wrong is told, and has its default in the settings."""
    try:
        document = read_toml(text)
    except TomlFault as fault:
        return Settings(), (Problem(fault.line, f"it is not TOML: {fault.title}"),)
    problems: list[Problem] = []
    fields = Fields(document, (), document.values, problems)
    settings = Settings(
        model=_expanded(fields.line_of_text("model")),
        template=fields.line_of_text("template"),
        device=_device(fields),
        dtype=fields.choice("dtype", tuple(PRECISIONS), "auto"),
        threads=_threads(fields),
        theme=cast(Theme, fields.choice("theme", _THEMES, "auto")),
        markdown=fields.flag("markdown", False),
        sampling=read_sampling(fields.table("sampling")),
        keys=_keys(fields.table("keys")),
    )
    fields.finish()
    problems.sort(key=lambda problem: problem.line)
    return settings, tuple(problems)


def _expanded(model: str) -> str:
    """A path may begin with the home folder's sign, as in a shell."""
    return os.path.expanduser(model) if model.startswith("~") else model  # noqa: PTH111 - "~x" is no path yet


def _device(fields: Fields) -> str:
    device = fields.line_of_text("device", "auto")
    if _DEVICE.fullmatch(device):
        return device
    fields.complain("device", f'device is "{device[:40]}"', "It has to be auto, cpu, mps, cuda, or cuda: and a number")
    return "auto"


def _threads(fields: Fields) -> int:
    threads = fields.whole("threads")
    if threads is None or 0 <= threads <= _MAX_THREADS:
        return threads or 0
    fields.complain(
        "threads", "threads is out of range", f"It has to be from 0, which lets the program choose, to {_MAX_THREADS}"
    )
    return 0


def _keys(fields: Fields) -> dict[str, str]:
    keys = {}
    for action in fields.names():
        faults_before = len(fields.problems)
        text = fields.line_of_text(action)
        if len(fields.problems) == faults_before:
            keys[action] = text
    return keys


def _fault(file: Path, problems: tuple[Problem, ...]) -> SettingsFault:
    lines = [f"line {problem.line}: {problem.title}. {problem.hint}".rstrip(" .") for problem in problems]
    more = len(lines) - _MAX_SHOWN
    shown = [*lines[:_MAX_SHOWN], f"and {more} more"] if more > 0 else lines
    if len(shown) == 1:
        problem = problems[0]
        return SettingsFault(f"{file}, line {problem.line}: {problem.title}", problem.hint or "Mend that line")
    title = f"{file} has {len(problems)} values that can't be used"
    return SettingsFault(title, "\n".join(shown))
