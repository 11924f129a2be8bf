"""The headers of safetensors files: what is in them, and whether they are whole.

A file starts with the header's length (8 bytes, little-endian), then the header (JSON: a tensor's name -> its
dtype, shape and place), then the numbers. Only the header is read here.
"""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path

import msgspec

_LENGTH_BYTES = 8
_MOST_HEADER_BYTES = 100_000_000  # the limit of the safetensors library
_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I8": "int8", "U8": "uint8"}
# Masks and tables that old checkpoints keep beside what was learned.
_BUFFER = re.compile(r"(^|\.)(attn|attention)\.(bias|masked_bias)$|(^|\.)(rotary_emb\.inv_freq|masked_bias)$")


class BadWeights(ValueError):
    """A file that is not, or not wholly, a safetensors file; the text says why."""


class Tensor(msgspec.Struct, frozen=True):
    """One entry of a header."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """What the headers of a model's files say."""

    parameters: int
    size_bytes: int
    dtype: str
    """Of most parameters, as torch names it."""


class Index(msgspec.Struct, frozen=True):
    """model.safetensors.index.json: which file holds which tensor."""

    weight_map: dict[str, str]

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files, each once."""
        return tuple(sorted(set(self.weight_map.values())))


def read_header(file: Path) -> dict[str, Tensor]:
    """Read a file's header and check that the file is as long as it promises.

    Raises:
        BadWeights: It is not a safetensors file, or it is cut off.
        OSError: It can't be read.
    """
    size = file.stat().st_size
    with file.open("rb") as opened:
        start = opened.read(_LENGTH_BYTES)
        if len(start) < _LENGTH_BYTES:
            raise BadWeights(f"{file.name} is only {size} bytes long")
        (length,) = struct.unpack("<Q", start)
        if length > min(size - _LENGTH_BYTES, _MOST_HEADER_BYTES):
            raise BadWeights(f"{file.name} is not a safetensors file, or is cut off")
        header = opened.read(length)
    try:
        entries = msgspec.json.decode(header, type=dict[str, msgspec.Raw])
        entries.pop("__metadata__", None)
        tensors = {name: msgspec.json.decode(raw, type=Tensor) for name, raw in entries.items()}
    except msgspec.DecodeError as error:
        raise BadWeights(f"{file.name} is not a safetensors file") from error
    end = max((tensor.data_offsets[1] for tensor in tensors.values()), default=0)
    if size < _LENGTH_BYTES + length + end:
        raise BadWeights(f"{file.name} is cut off: {size} of {_LENGTH_BYTES + length + end} bytes are here")
    return tensors


def read_index(file: Path) -> Index:
    """Read the index of a model in several files.

    Raises:
        BadWeights: It is not an index, or names files outside its folder.
        OSError: It can't be read.
    """
    try:
        index = msgspec.json.decode(file.read_bytes(), type=Index)
    except msgspec.DecodeError as error:
        raise BadWeights(f"{file.name} is not an index of safetensors files") from error
    for name in index.files:
        if "/" in name or "\\" in name or not name.endswith(".safetensors"):
            raise BadWeights(f"{file.name} names a file that it should not: {name}")
    return index


def read_weights(files: tuple[Path, ...]) -> Weights:
    """Add up the headers of a model's files.

    Raises:
        BadWeights: One of them is not a whole safetensors file.
        OSError: One of them can't be read.
    """
    by_dtype: dict[str, int] = {}
    for file in files:
        for name, tensor in read_header(file).items():
            if not _is_buffer(name, tensor):
                by_dtype[tensor.dtype] = by_dtype.get(tensor.dtype, 0) + tensor.elements
    most = max(by_dtype, key=by_dtype.__getitem__, default="")
    return Weights(
        parameters=sum(by_dtype.values()),
        size_bytes=sum(file.stat().st_size for file in files),
        dtype=_DTYPES.get(most, most.lower()),
    )


def _is_buffer(name: str, tensor: Tensor) -> bool:
    # `attn.bias` is a real bias in some models and a causal mask (1, 1, T, T) in others.
    return bool(_BUFFER.search(name)) and (not name.endswith(".bias") or len(tensor.shape) == 4)
