"""What a cell is known by: a digest of all that decides its content, so that nothing is computed twice."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import msgspec

from engine import wire
from engine.errors import TunesmithError
from engine.lab.records import Lab, Place
from engine.models import LocalModel, resolve
from engine.models.gguf_header import read_gguf_header
from engine.paths import Paths
from engine.protocol import Sampling, Template

_VERSION = 2
"""To be raised where the same question would get another answer: another way of scoring, of sampling, of batching."""
_FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", "*.toml")
_CHAT_TEMPLATES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
_CLOCK = "strftime_now"
"""What a template calls that tells the model the date."""
_SEED_BYTES = 4


def precision(lab: Lab) -> str:
    """The type of the numbers that a lab computes with, as far as it is known before a model is loaded.

    Batches are answered by the model of transformers, which knows no int8 and is read as float32 then.
    """
    return "float32" if lab.dtype == "int8" or (lab.dtype, lab.device) == ("auto", "cpu") else lab.dtype


def cell_key(lab: Lab, place: Place, identity: str, today: str = "") -> str:
    """The key of a part of a cell.

    Args:
        lab: What is compared.
        place: Which part of which cell.
        identity: Of the variation's model, from `model_identity`.
        today: The date, where the prompt tells it.
    """
    row, variation = lab.rows[place.row], lab.variations[place.variation]
    template = variation.template
    asked: list[object] = [_VERSION, place.part, identity, lab.device, precision(lab), today]
    # What the template is called, and what it is for, decides nothing.
    asked += [template.uses_chat_template, template.body, template.examples]
    asked += [[(each.name, each.default) for each in template.variables]]
    asked += [sorted(variation.variables.items()), row.input]
    match place.part:
        case "reply":
            asked += [cell_sampling(lab, place), template.stop, variation.stop]
        case "labels":
            asked += [[label.word for label in lab.labels], lab.normalisation]
        case "reference":
            asked += [lab.reference(row)]
    return hashlib.blake2b(wire.encode(asked), digest_size=20).hexdigest()


class Keys:
    """The keys of a lab's cells, as far as its models are here."""

    def __init__(
        self,
        lab: Lab,
        paths: Paths,
        environ: Mapping[str, str] = os.environ,
        today: Callable[[], date] = date.today,
    ) -> None:
        """Look at the files of every model."""
        self._lab, self._paths, self._environ, self._today = lab, paths, environ, today
        self._tell_date: dict[str, bool] = {}
        models = dict.fromkeys(variation.model for variation in lab.variations)
        self._identities = {model: model_identity(model, paths, environ) for model in models}

    def identity(self, model: str) -> str:
        """What a model is at this moment; empty where it is not here. Changes no key."""
        return model_identity(model, self._paths, self._environ)

    def take(self, model: str, identity: str) -> bool:
        """Know a model that was loaded by what it was then, by its name where it has no files.

        Returns:
            Whether it is another than it was: cells that were known by its keys are not of it.
        """
        before, self._identities[model] = self._identities[model], identity or f"ref {model}"
        self._tell_date.pop(model, None)
        return bool(before) and before != self._identities[model]

    def __getitem__(self, place: Place) -> str:
        """The key of a place; empty where its model is not here yet."""
        variation = self._lab.variations[place.variation]
        identity = self._identities[variation.model]
        if not identity:
            return ""
        today = self._today().isoformat() if self._tells_date(variation.template, variation.model) else ""
        return cell_key(self._lab, place, identity, today)

    def _tells_date(self, template: Template, model: str) -> bool:
        if not template.uses_chat_template:
            return _CLOCK in template.body
        if model not in self._tell_date:
            self._tell_date[model] = tells_date(model, self._paths, self._environ)
        return self._tell_date[model]


def cell_sampling(lab: Lab, place: Place) -> Sampling:
    """How the reply of a cell is sampled: with a seed that depends on the row's input alone, not on where it stands."""
    sampling = lab.variations[place.variation].sampling
    if sampling.temperature == 0:
        return msgspec.structs.replace(sampling, seed=0)
    seed = lab.seed if sampling.seed is None else sampling.seed
    text = f"{seed}\0{lab.rows[place.row].input}".encode("utf-8", "surrogatepass")
    drawn = hashlib.blake2b(text, digest_size=_SEED_BYTES).digest()
    return msgspec.structs.replace(sampling, seed=int.from_bytes(drawn, "big"))


def model_identity(ref: str, paths: Paths, environ: Mapping[str, str] = os.environ) -> str:
    """What a model is, by its files' names, sizes and times; empty where it is not here yet, or can't be used."""
    try:
        local = resolve(ref, paths=paths, environ={**environ, "HF_HUB_OFFLINE": "1"})
        return _digest(local)
    except (TunesmithError, OSError):
        return ""


def tells_date(ref: str, paths: Paths, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a model's own chat template writes the date into the prompt, as far as its files are here."""
    try:
        local = resolve(ref, paths=paths, environ={**environ, "HF_HUB_OFFLINE": "1"})
        if local.gguf_file is not None:
            return _CLOCK in str(read_gguf_header(local.gguf_file).fields.get("tokenizer.chat_template", ""))
        files = [local.folder / name for name in _CHAT_TEMPLATES]
        return any(_CLOCK.encode() in file.read_bytes() for file in files if file.is_file())
    except (TunesmithError, OSError):
        return False


def _digest(local: LocalModel) -> str:
    digest = hashlib.blake2b(digest_size=20)
    files = [local.gguf_file] if local.gguf_file is not None else _files(local.folder)
    for file in (*files, *(file for folder in local.adapters for file in _files(folder))):
        # The hub's cache has links, whose targets keep the time of their download.
        status = file.stat()
        digest.update(f"{file.name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted({file for pattern in _FILES for file in folder.glob(pattern)})
