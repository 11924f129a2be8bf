"""The files of tiny models, well-formed as far as headers go; the numbers in them mean nothing."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONFIG = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_positions": 64}
WEIGHTS = {"wte.weight": (100, 40), "h.0.attn.c_attn.weight": (40, 120)}
PARAMETERS = 100 * 40 + 40 * 120


def safetensors_bytes(shapes: Mapping[str, tuple[int, ...]], dtype: str = "F32", item_bytes: int = 4) -> bytes:
    """Write a safetensors file whose numbers are a counter."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + math.prod(shape) * item_bytes
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(index % 251 for index in range(end))


def model_files(
    *, config: dict[str, Any] | None = None, weights: Mapping[str, tuple[int, ...]] | None = None, chat: bool = False
) -> dict[str, bytes]:
    """The files of a whole model in the layout of `save_pretrained`."""
    tokenizer_config = {"chat_template": "{{ messages }}"} if chat else {}
    return {
        "config.json": json.dumps(CONFIG if config is None else config).encode(),
        "tokenizer.json": b'{"version": "1.0"}',
        "tokenizer_config.json": json.dumps(tokenizer_config).encode(),
        "generation_config.json": b"{}",
        "model.safetensors": safetensors_bytes(weights or WEIGHTS),
    }


def sharded_files() -> dict[str, bytes]:
    """The same model in two files with an index."""
    files = model_files()
    del files["model.safetensors"]
    shards = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    for shard, (name, shape) in zip(shards, WEIGHTS.items(), strict=True):
        files[shard] = safetensors_bytes({name: shape})
    files["model.safetensors.index.json"] = json.dumps(
        {"metadata": {}, "weight_map": dict(zip(WEIGHTS, shards, strict=True))}
    ).encode()
    return files


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """Put files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def cache_model(cache: Path, name: str, files: dict[str, bytes], commit: str = "a" * 40) -> Path:
    """Put files into a hub cache, as another program would have done."""
    repo = cache / ("models--" + name.replace("/", "--"))
    (repo / "refs").mkdir(parents=True, exist_ok=True)
    (repo / "refs" / "main").write_text(commit)
    return write_files(repo / "snapshots" / commit, files)


def gguf_bytes(*, chat: bool = True, fields: dict[str, Any] | None = None) -> bytes:
    """Write a GGUF file of one F32 tensor of 8 x 4, with a vocabulary of three."""
    metadata: dict[str, Any] = {
        "general.architecture": "llama",
        "general.name": "Tiny",
        "general.file_type": 0,
        "llama.context_length": 256,
        "llama.rope.freq_base": 10000.0,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.tokens": ["a", "b", "é"],
        **({"tokenizer.chat_template": "{{ messages }}"} if chat else {}),
        **(fields or {}),
    }
    out = b"GGUF" + struct.pack("<IQQ", 3, 1, len(metadata))
    for name, value in metadata.items():
        out += _text(name) + _value(value)
    out += _text("token_embd.weight") + struct.pack("<IQQIQ", 2, 8, 4, 0, 0)
    out += b"\0" * (-len(out) % 32)
    return out + bytes(8 * 4 * 4)


def _value(value: Any) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, list):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(_text(each) for each in value)
    return struct.pack("<I", 8) + _text(value)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data
