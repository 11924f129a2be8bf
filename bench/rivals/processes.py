"""Starts rivals, each as a process of its own that waits while others work, and asks them."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

import msgspec

from bench.neighbours import QUIET_CORES, now, others_cores
from bench.rivals.lineup import Rival
from bench.rivals.model import config
from engine.huge_pages import with_huge_pages

ROOT = Path(__file__).parents[2]
FOLDER_VARIABLE = "TUNESMITH_BENCH_RIVALS"
_LAST_WORDS = 600


class Absent(Exception):
    """A rival that is not there; the message says why."""


class Answer(msgspec.Struct, frozen=True):
    """What one prompt took."""

    first_s: float
    rest_s: float
    tokens: list[int]
    memory: int
    """The most that the process has held since the model was open, in bytes."""
    others_cores: float = 0.0
    """What others took of the machine meanwhile."""

    @property
    def is_quiet(self) -> bool:
        """Whether nobody disturbed it."""
        return self.others_cores <= QUIET_CORES


class Process:
    """A rival that is running. A context manager: leaving it ends the process."""

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        """Start it and wait until the model is open.

        Raises:
            Absent: Its library is not installed, or it did not open the model.
        """
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [*map(str, command)], cwd=ROOT, env=dict(environment), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words,
        )  # fmt: skip
        said = self._read()
        if "absent" in said:
            self.close()
            raise Absent(said["absent"])
        self.version: str = said["version"]
        self.opening_bytes: int = said.get("memory", 0)
        """The most memory that the process held until the model was open; 0 where it does not say."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, ids: Sequence[int], tokens: int) -> Answer:
        """Have it take in a prompt, and give its first token and so many after it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"ids": list(ids), "tokens": tokens}) + "\n")
        before = now(self._process.pid)
        self._process.stdin.flush()
        said = self._read()
        after = now(self._process.pid)
        return msgspec.convert({**said, "others_cores": others_cores(before, after)}, Answer)

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._words.close()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._words.seek(0)
            words = self._words.read().decode("utf-8", "replace")[-_LAST_WORDS:]
            self.close()
            raise Absent(f"it ended with {self._process.returncode}: {' '.join(words.split())}")
        said: dict[str, Any] = json.loads(line)
        return said


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of every benchmark with rivals."""
    parser.add_argument("--rivals", type=Path, metavar="DIR", default=os.environ.get(FOLDER_VARIABLE),
                        help=f"the virtual environment of the rivals; else what {FOLDER_VARIABLE} names")  # fmt: skip
    add_common_options(parser)


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Those of every benchmark that runs a model."""
    parser.add_argument("--only", metavar="WORDS", default="",
                        help="only those whose names hold one of these words, separated by commas")  # fmt: skip
    parser.add_argument("--keep", type=Path, metavar="DIR",
                        help="keep the model, and what the rivals made of it, in this folder")  # fmt: skip
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def is_chosen(name: str, only: str) -> bool:
    """Whether a name holds one of the words, which commas separate; without words, it does."""
    words = [word.strip().lower() for word in only.split(",") if word.strip()]
    return not words or any(word in name.lower() for word in words)


def chosen(lineup: Sequence[Rival], only: str) -> list[Rival]:
    """Those whose names hold one of the words."""
    return [rival for rival in lineup if is_chosen(rival.name, only)]


def variables_for(threads: int) -> dict[str, str]:
    """The environment of every rival, with the large pages that the model host is started with."""
    return {**with_huge_pages(os.environ), "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}


@contextlib.contextmanager
def folder_for(keep: Path | None) -> Iterator[Path]:
    """The folder to keep, or one that is gone afterwards."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def python_of(rival: Rival, environment: Path | None) -> Path:
    """The interpreter that it runs in.

    Raises:
        Absent: There is no environment of the rivals.
    """
    if not rival.foreign:
        return Path(sys.executable)
    if environment is None:
        raise Absent(f"no environment of the rivals: see bench/README.md, --rivals and {FOLDER_VARIABLE}")
    python = environment.absolute() / "bin" / "python"
    if not python.exists():
        raise Absent(f"{environment} is no virtual environment")
    return python


def start(rival: Rival, model: Path, *, environment: Path | None, threads: int) -> Process:
    """Convert the model for it where that has not been done, and start it.

    Raises:
        Absent: With the reason.
    """
    python = python_of(rival, environment)
    variables = variables_for(threads)
    convert(rival, model, python, variables)
    command: list[str | Path] = [python, "-m", rival.module, model, rival.precision, "--threads", str(threads)]
    return Process(command, variables)


def start_all(
    rivals: Sequence[Rival], model: Path, *, environment: Path | None, threads: int, stack: contextlib.ExitStack
) -> tuple[dict[str, Process], dict[str, str]]:
    """Start all that can be: those that run by name, and of the others why they don't."""
    running, skipped = {}, {}
    for rival in rivals:
        try:
            running[rival.name] = stack.enter_context(start(rival, model, environment=environment, threads=threads))
        except Absent as absent:
            skipped[rival.name] = str(absent)
    return running, skipped


def _sources(model: Path) -> list[str]:
    return [file.name for file in model.iterdir() if file.suffix in (".json", ".safetensors")]


def convert(rival: Rival, model: Path, python: Path, variables: Mapping[str, str]) -> None:
    """Write the model for a rival, beside the model, where that has not been done since the model was written.

    Raises:
        Absent: It can't be, with the reason.
    """
    file = model / rival.file
    if not rival.converter:
        return
    if file.exists() and file.stat().st_mtime >= max((model / name).stat().st_mtime for name in _sources(model)):
        return
    if config(model)["model_type"] != "gpt2":
        raise Absent("the model is written for it here where it is a GPT-2 only")
    command = [str(python), "-m", rival.converter, str(model), rival.precision, str(file)]
    result = subprocess.run(command, cwd=ROOT, env=dict(variables), capture_output=True, text=True, check=False)
    if result.returncode:
        if file.is_file():
            file.unlink()
        words = " ".join(result.stderr[-_LAST_WORDS:].split())
        raise Absent(words.rpartition("ModuleNotFoundError: ")[2] if "ModuleNotFoundError" in words else words)
