"""The header of a GGUF file.

Written here because the reader of the `gguf` package takes seconds for a vocabulary of 49,000 tokens, as it
makes an array of each; this one steps over arrays. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import struct
from pathlib import Path

import msgspec

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16",
}  # fmt: skip

# How a tensor of each kind is stored: (numbers in a block, bytes of a block). Kinds that are missing are not checked.
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 30: (1, 2),
}  # fmt: skip
_ALIGNMENT_BYTES = 32  # unless general.alignment says something else

Value = int | float | bool | str


class BadGguf(ValueError):
    """A file that is not, or not wholly, a GGUF file; the text says why."""


class GgufHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a GGUF file says about itself."""

    fields: dict[str, Value]
    """The metadata, without its arrays."""
    parameters: int

    @property
    def architecture(self) -> str:
        """llama, gpt2, qwen2."""
        return str(self.fields.get("general.architecture", ""))

    @property
    def name(self) -> str:
        """What its maker called it; may be empty."""
        return str(self.fields.get("general.name", ""))

    @property
    def context_tokens(self) -> int:
        """The longest text that it was made for; 0 where it does not say."""
        length = self.fields.get(f"{self.architecture}.context_length", 0)
        return int(length) if isinstance(length, int) else 0

    @property
    def has_chat_template(self) -> bool:
        """Whether it brings its own chat template."""
        return bool(self.fields.get("tokenizer.chat_template"))

    @property
    def quantisation(self) -> str:
        """How most weights are stored: Q4_1, F16; empty where it does not say."""
        kind = self.fields.get("general.file_type")
        return _FILE_TYPES.get(kind, "") if isinstance(kind, int) else ""


def read_gguf_header(file: Path) -> GgufHeader:
    """Read the metadata and add up the tensors' sizes.

    Raises:
        BadGguf: It is not a GGUF file, is of a version that is not known, or is cut off.
        OSError: It can't be read.
    """
    with file.open("rb") as opened:
        if opened.read(len(_MAGIC)) != _MAGIC:
            raise BadGguf(f"{file.name} is not a GGUF file")
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as bytes_:
            try:
                return _Reader(bytes_).header()
            except (struct.error, IndexError, UnicodeDecodeError, OverflowError) as error:
                raise BadGguf(f"{file.name} is cut off or damaged") from error
            except BadGguf as error:
                raise BadGguf(f"{file.name} {error}") from error


class _Reader:
    """A place in the file that moves on with each value."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = len(_MAGIC)

    def header(self) -> GgufHeader:
        version = self._number("I")
        if version not in _VERSIONS:
            raise BadGguf(f"is of GGUF version {version}, which is not known here")
        tensors, entries = self._number("Q"), self._number("Q")
        fields: dict[str, Value] = {}
        for _ in range(entries):
            name = self._string()
            value = self._value(self._number("I"))
            if value is not None:
                fields[name] = value
        parameters, data_bytes = self._tensors(tensors)
        alignment = fields.get("general.alignment")
        step = alignment if isinstance(alignment, int) and alignment > 0 else _ALIGNMENT_BYTES
        end = -(-self._at // step) * step + data_bytes
        if tensors and end > len(self._data):
            raise BadGguf(f"is cut off: {len(self._data)} of {end} bytes are here")
        return GgufHeader(fields=fields, parameters=parameters)

    def _tensors(self, count: int) -> tuple[int, int]:
        parameters, end = 0, 0
        for _ in range(count):
            self._string()
            elements = math.prod(self._number("Q") for _ in range(self._number("I")))
            block_elements, block_bytes = _BLOCKS.get(self._number("I"), (1, 0))
            start = self._number("Q")
            end = max(end, start + elements // block_elements * block_bytes)
            parameters += elements
        return parameters, end

    def _value(self, kind: int) -> Value | None:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            self._skip_array()
            return None
        return self._scalar(kind)

    def _scalar(self, kind: int) -> Value:
        code = _SCALARS.get(kind)
        if code is None:
            raise BadGguf(f"has a value of a kind that is not known: {kind}")
        value: Value = struct.unpack_from("<" + code, self._data, self._at)[0]
        self._at += struct.calcsize("<" + code)
        return value

    def _skip_array(self) -> None:
        kind, count = self._number("I"), self._number("Q")
        if count > len(self._data):
            raise BadGguf("is damaged: a list is longer than the file")
        if kind == _STRING:
            unpack, data, at = struct.Struct("<Q").unpack_from, self._data, self._at
            for _ in range(count):
                at += 8 + unpack(data, at)[0]
            self._at = at
        elif kind == _ARRAY:
            for _ in range(count):
                self._skip_array()
        elif code := _SCALARS.get(kind):
            self._at += count * struct.calcsize("<" + code)
        else:
            raise BadGguf(f"has a list of a kind that is not known: {kind}")

    def _number(self, code: str) -> int:
        value: int = struct.unpack_from("<" + code, self._data, self._at)[0]
        self._at += struct.calcsize("<" + code)
        return value

    def _string(self) -> str:
        length = self._number("Q")
        if self._at + length > len(self._data):
            raise BadGguf("is cut off or damaged")
        text = self._data[self._at : self._at + length]
        self._at += length
        return text.decode("utf-8", "replace")
