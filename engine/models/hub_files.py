"""What the hub has of a model, and which of it is worth fetching."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from engine.errors import DownloadFailed, LoadFailed, ModelNotFound
from engine.models.folder import INDEX, PICKLE_SUFFIXES, SINGLE, has_tokenizer, pickle_refusal
from engine.models.hub_errors import in_words

_SMALL_FILES = re.compile(
    r"config\.json|generation_config\.json|tokenizer[^/]*\.json|tokenizer\.model|vocab\.(json|txt)|merges\.txt"
    r"|special_tokens_map\.json|added_tokens\.json|spiece\.model|sentencepiece\.bpe\.model|[^/]+\.tiktoken"
    r"|chat_template\.(jinja|json)|additional_chat_templates/[^/]+\.jinja"
)
_SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
_GIT_ID = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_API_TIMEOUT_S = 20.0


class HubFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a model on the hub."""

    name: str
    size_bytes: int
    etag: str
    """The sha256 of the bytes for large files, the git id for small ones; also the blob's name in the cache."""

    def fresh_hash(self) -> hashlib._Hash:
        """A hash that comes to `etag` when it is fed all of the file's bytes."""
        if len(self.etag) == 64:
            return hashlib.sha256()
        return hashlib.sha1(b"blob %d\0" % self.size_bytes, usedforsecurity=False)

    @property
    def is_weights(self) -> bool:
        """Whether it is what takes the time."""
        return self.name.endswith((".safetensors", ".gguf"))


class HubListing(msgspec.Struct, frozen=True, kw_only=True):
    """A model on the hub at one commit."""

    name: str
    commit: str
    files: tuple[HubFile, ...]
    """What is to be fetched: the small files first, so that whole weights mean a whole model."""

    @property
    def total_bytes(self) -> int:
        """All of it."""
        return sum(file.size_bytes for file in self.files)


def is_offline(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the user forbade the network to the hub's library."""
    value = environ.get("HF_HUB_OFFLINE") or environ.get("TRANSFORMERS_OFFLINE") or ""
    return value.upper() in ("1", "ON", "YES", "TRUE")


def endpoint_of(environ: Mapping[str, str] = os.environ) -> str | None:
    """The hub that the user chose; None for the library's own default."""
    return (environ.get("HF_ENDPOINT") or "").rstrip("/") or None


def list_files(name: str, gguf: str, environ: Mapping[str, str] = os.environ) -> HubListing:
    """Ask the hub what it has of a model, and choose what to fetch.

    Args:
        name: The model's name on the hub.
        gguf: The one GGUF file to fetch; empty for the safetensors model.
        environ: HF_ENDPOINT; the token is found by the hub's library.

    Raises:
        ModelNotFound: There is no such model or file.
        DownloadFailed: The hub can't be reached or does not let us.
        Refused: There are only pickles.
        LoadFailed: There is nothing that can be loaded here.
    """
    from huggingface_hub import HfApi

    try:
        info = HfApi(endpoint=endpoint_of(environ)).model_info(name, files_metadata=True, timeout=_API_TIMEOUT_S)
    except Exception as error:
        raise in_words(error, name, endpoint_of(environ)) from error
    siblings = {sibling.rfilename: sibling for sibling in info.siblings or ()}
    wanted = _choose_gguf(name, gguf, siblings) if gguf else _choose(name, set(siblings))
    files = tuple(_hub_file(name, siblings[each]) for each in wanted)
    if not _GIT_ID.fullmatch(info.sha or ""):
        raise _unclear(name)
    return HubListing(name=name, commit=info.sha or "", files=files)


def _choose(name: str, names: set[str]) -> list[str]:
    weights = [SINGLE] if SINGLE in names else sorted(each for each in names if _SHARD.fullmatch(each))
    if len(weights) > 1 or (weights and weights != [SINGLE]):
        weights = [INDEX, *weights]
    if not weights or not set(weights) <= names:
        raise _nothing_to_load(name, names)
    small = sorted(each for each in names if _SMALL_FILES.fullmatch(each) and each != INDEX)
    if "config.json" not in small or not has_tokenizer(set(small)):
        missing = "config.json" if "config.json" not in small else "tokenizer"
        raise LoadFailed(f"{name} has no {missing} on the hub", "It can't be loaded by itself; pick another model")
    return [*small, *weights]


def _nothing_to_load(name: str, names: set[str]) -> Exception:
    if ggufs := sorted(each for each in names if each.endswith(".gguf")):
        shown = ", ".join(ggufs[:6]) + (f" and {len(ggufs) - 6} more" if len(ggufs) > 6 else "")
        return LoadFailed(
            f"{name} has GGUF files only", f"Name the one that you want, as {name}/{ggufs[0]}. There are: {shown}"
        )
    if pickles := sorted(each for each in names if each.endswith(PICKLE_SUFFIXES) and "/" not in each):
        return pickle_refusal(name, pickles[0])
    return LoadFailed(
        f"{name} has no model.safetensors on the hub", "It may be an adapter or a data set; pick another model"
    )


def _choose_gguf(name: str, gguf: str, names: Mapping[str, Any]) -> list[str]:
    if gguf in names:
        return [gguf]
    ggufs = sorted(each for each in names if each.endswith(".gguf"))
    raise ModelNotFound(f"{name} has no file {gguf}", f"There are: {', '.join(ggufs[:12])}" if ggufs else "")


def _hub_file(name: str, sibling: Any) -> HubFile:
    lfs = sibling.lfs
    etag = (lfs.sha256 if lfs else sibling.blob_id) or ""
    path = PurePosixPath(sibling.rfilename)
    # These become file names on this disk, and what the bytes are checked against.
    well_formed = (_SHA256 if lfs else _GIT_ID).fullmatch(etag) and not path.is_absolute() and ".." not in path.parts
    if not well_formed or sibling.size is None or "\\" in sibling.rfilename:
        raise _unclear(name)
    return HubFile(name=sibling.rfilename, size_bytes=int(lfs.size if lfs else sibling.size), etag=etag)


def _unclear(name: str) -> DownloadFailed:
    return DownloadFailed(
        f"The hub does not say the sizes and checksums of the files of {name}",
        "Without them a download can't be checked. If HF_ENDPOINT names a mirror, try another one",
    )
