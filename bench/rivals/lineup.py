"""Which rivals there are."""

from __future__ import annotations

from typing import Literal

import msgspec

Multiplied = Literal["float32", "bfloat16", "int8"]


class Rival(msgspec.Struct, frozen=True):
    """One way to run the model."""

    name: str
    module: str
    """Which serves it."""
    precision: str
    """As that module calls it."""
    weight_bytes: float
    """How many bytes of each weight a token reads."""
    key_bytes: int
    """And of each key and value."""
    multiplies: Multiplied = "float32"
    """In what it multiplies the many rows of a prompt."""
    foreign: bool = False
    """Whether it lives in the environment of the rivals."""
    converter: str = ""
    """The module that writes the model for it; empty where it opens the model's own files."""
    file: str = ""
    """What the converter writes, beside the model."""


_Q8_0_BYTES = 34 / 32
"""Blocks of 32 weights in 8 bits, with a scale in 16."""


def _llama(precision: str, weight_bytes: float, multiplies: Multiplied = "float32") -> Rival:
    return Rival(
        f"llama.cpp {precision.upper()}", "bench.rivals.llama", precision, weight_bytes, 2, multiplies,
        foreign=True, converter="bench.rivals.gguf_file", file=f"{precision}.gguf",
    )  # fmt: skip


def _onnx(precision: str, weight_bytes: float, multiplies: Multiplied = "float32") -> Rival:
    return Rival(
        f"onnxruntime {precision}", "bench.rivals.onnx_runtime", precision, weight_bytes, 4, multiplies,
        foreign=True, converter="bench.rivals.onnx_file", file=f"{precision}.onnx",
    )  # fmt: skip


def _ctranslate(precision: str, weight_bytes: float, multiplies: Multiplied = "float32") -> Rival:
    return Rival(
        f"CTranslate2 {precision}", "bench.rivals.ctranslate", precision, weight_bytes, 4, multiplies,
        foreign=True, converter="bench.rivals.ctranslate_folder", file="float32.ctranslate",
    )  # fmt: skip


STOCK = Rival("transformers generate", "bench.rivals.stock", "float32", 4, 4)
OURS = {
    "float32": Rival("Tunesmith float32", "bench.rivals.compact", "float32", 4, 4),
    "float16": Rival("Tunesmith float16", "bench.rivals.compact", "float16", 2, 4),
    "int8": Rival("Tunesmith int8", "bench.rivals.compact", "int8", 1, 4, "int8"),
}
Q8_0 = _llama("q8_0", _Q8_0_BYTES, "int8")
LINEUP: tuple[Rival, ...] = (
    STOCK,
    *OURS.values(),
    _llama("f32", 4),
    _llama("f16", 2),
    Q8_0,
    _onnx("float32", 4),
    _onnx("int8", 1, "int8"),
    _ctranslate("float32", 4),
    _ctranslate("int8", 1, "int8"),
)
