"""What a model reference means.

starter                    the model that ships with the program
gpt2, owner/name           a model of the hub
owner/name/file.gguf       one GGUF file of the hub
./folder, ~/m, /abs/m      a folder as `save_pretrained` writes it
file.gguf                  a GGUF file
run:NAME, run:NAME@STEP    what a training run made
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.display import is_text
from engine.errors import Misuse, ModelNotFound
from engine.paths import Paths, anchored

STARTER = "starter"
RUN_PREFIX = "run:"

# The hub's own rule: letters, digits, - _ . in one or two parts of at most 96 characters, no -- and no .. in them.
_HUB_PART = r"(?!.*(?:--|\.\.))[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_HUB_NAME = re.compile(rf"{_HUB_PART}(?:/{_HUB_PART})?")
_HUB_FILE = re.compile(r"(?P<repo>[^/]+/[^/]+)/(?P<file>.+\.gguf)", re.IGNORECASE)
_PATH_START = re.compile(r"[./~\\]|[A-Za-z]:[/\\]")


class StarterModel(msgspec.Struct, frozen=True, kw_only=True):
    """The model that ships with the program."""


class HubModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model of the hub."""

    name: str
    gguf: str = ""
    """The one file that is meant, where it is a GGUF file."""


class FolderModel(msgspec.Struct, frozen=True, kw_only=True):
    """A folder in the layout of `save_pretrained`."""

    folder: Path


class GgufModel(msgspec.Struct, frozen=True, kw_only=True):
    """A GGUF file."""

    file: Path


class RunModel(msgspec.Struct, frozen=True, kw_only=True):
    """What a training run made."""

    run: str
    step: int | None = None
    """Of a checkpoint; None is the result."""


Reference = StarterModel | HubModel | FolderModel | GgufModel | RunModel


def parse(ref: str, paths: Paths, environ: Mapping[str, str] = os.environ) -> Reference:
    """Find out what a reference means, looking at the disk but not into files and not at the network.

    A plain name is a folder where there is one of that name with a config.json (in the working directory, then
    in the program's models folder), else a name on the hub.

    Raises:
        ModelNotFound: Nothing can answer to it; the words say why.
        Misuse: It is no text.
    """
    check_text(ref)
    ref = ref.strip()
    if not ref:
        raise ModelNotFound("No model was named", "Name one, such as gpt2; `tunesmith models list` shows what there is")
    if ref == STARTER:
        return StarterModel()
    if ref.startswith(RUN_PREFIX):
        return _run(ref.removeprefix(RUN_PREFIX))
    path = expand(ref, environ)
    if local := _on_disk(path, paths, ref):
        return local
    if not _PATH_START.match(ref) and "\0" not in ref:
        if match := _HUB_FILE.fullmatch(ref):
            return HubModel(name=match["repo"], gguf=match["file"])
        if _HUB_NAME.fullmatch(ref) and not ref.lower().endswith(".gguf"):
            return HubModel(name=ref)
    if ref.lower().endswith(".gguf"):
        raise ModelNotFound(f"There is no file {path}", "Check the path; `tunesmith models list` shows what is here")
    if _PATH_START.match(ref):
        raise ModelNotFound(f"There is no folder {path}", "Check the path; `tunesmith models list` shows what is here")
    raise ModelNotFound(
        f"{ref} is neither a folder nor a name that a hub model can have",
        "Hub names look like gpt2 or owner/name; folders like ./my-model",
    )


def anchored_model(ref: str) -> str:
    """A reference, made to mean from any folder what it means from this one.

    A plain name stays as it is where the folder of that name holds no model, as it does for `parse`.
    """
    name = ref.strip()
    is_plain = not _PATH_START.match(name) and not name.lower().endswith(".gguf")
    try:
        if name == STARTER or (is_plain and not (Path(name) / "config.json").is_file()):
            return ref
    except (OSError, ValueError):  # a name too long for the file system, or with a null byte
        return ref
    return anchored(ref)


def check_text(ref: str) -> None:
    """Refuse bytes that are no text: a reference is sent on and kept as JSON, which has no way to write them.

    Raises:
        Misuse: It has such bytes.
    """
    if not is_text(ref):
        raise Misuse(
            f"{ref} is not UTF-8 text, which the name of a model has to be",
            "Rename the folder or file, or make a link to it with a plain name",
        )


def _run(name: str) -> RunModel:
    run, at, step = name.partition("@")
    if not run or (at and not (step.isascii() and step.isdigit())):
        raise ModelNotFound(f"There is no run {name or 'without a name'}", "`tunesmith runs list` shows what there is")
    return RunModel(run=run, step=int(step) if at else None)


def expand(ref: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Turn a reference into an absolute path, whether or not there is something."""
    home = environ.get("HOME") or environ.get("USERPROFILE")
    if home and (ref == "~" or ref.startswith("~/")):
        return Path(home, ref[2:]).absolute()
    return Path(ref).absolute()


def _on_disk(path: Path, paths: Paths, ref: str) -> FolderModel | GgufModel | None:
    explicit = bool(_PATH_START.match(ref))
    try:
        if path.is_file() and path.suffix.lower() == ".gguf":
            return GgufModel(file=path)
        if path.is_dir() and (explicit or (path / "config.json").is_file()):
            return FolderModel(folder=path)
        own = paths.models / ref
        if not explicit and own.is_relative_to(paths.models) and ".." not in own.parts:
            if own.is_file() and own.suffix.lower() == ".gguf":
                return GgufModel(file=own.absolute())
            if own.is_dir() and (own / "config.json").is_file():
                return FolderModel(folder=own.absolute())
        if explicit and path.is_file():
            return _folder_of(path)
    except (OSError, ValueError):  # a name too long for the file system, or with a null byte
        return None
    return None


def _folder_of(file: Path) -> FolderModel | None:
    """The model that somebody meant who named one of its files, such as model.safetensors."""
    if file.suffix == ".safetensors" or file.name == "config.json":
        return FolderModel(folder=file.parent)
    raise ModelNotFound(
        f"{file} is not a model",
        "Name a folder with config.json, tokenizer.json and model.safetensors, or a .gguf file",
    )
