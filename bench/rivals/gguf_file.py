"""Writes a GPT-2 as a GGUF file for llama.cpp: `python -m bench.rivals.gguf_file MODEL f32|f16|q8_0 FILE`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from bench.rivals.model import Array, config, tokens_and_merges, weights

_LAYER = {
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}
_OUTSIDE = {
    "wte.weight": "token_embd.weight",
    "wpe.weight": "position_embd.weight",
    "ln_f.weight": "output_norm.weight",
    "ln_f.bias": "output_norm.bias",
}
_NORMAL, _CONTROL = 1, 3


def write(folder: Path, precision: str, file: Path) -> None:
    """Convert; matrices and the table of tokens in the precision asked for, all the rest in float32."""
    import gguf

    shape, found = config(folder), weights(folder)
    writer = gguf.GGUFWriter(file, "gpt2")
    writer.add_name("random GPT-2")
    writer.add_block_count(shape["n_layer"])
    writer.add_context_length(shape["n_positions"])
    writer.add_embedding_length(shape["n_embd"])
    writer.add_feed_forward_length(shape["n_inner"] or 4 * shape["n_embd"])
    writer.add_head_count(shape["n_head"])
    writer.add_layer_norm_eps(shape["layer_norm_epsilon"])
    _add_tokenizer(writer, folder, shape)
    kind = gguf.GGMLQuantizationType[precision.upper()]
    writer.add_file_type(gguf.LlamaFileType[("ALL_" if precision == "f32" else "MOSTLY_") + precision.upper()])
    for name, array in found.items():
        _add_tensor(writer, name, array, kind, shape["n_layer"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tensor(writer: Any, name: str, array: Array, kind: Any, layers: int) -> None:
    import gguf

    there = _OUTSIDE.get(name) or _layer_name(name, layers)
    if there is None:
        return
    if array.ndim < 2 or name == "wpe.weight":
        writer.add_tensor(there, array)
        return
    matrix = np.ascontiguousarray(array if name == "wte.weight" else array.T)
    writer.add_tensor(there, gguf.quants.quantize(matrix, kind), raw_dtype=kind)


def _layer_name(name: str, layers: int) -> str | None:
    """The name in the file; None for what is no weight of a layer, as the masks that old files carry."""
    parts = name.split(".")
    inner, last = ".".join(parts[2:-1]), parts[-1]
    if parts[0] != "h" or int(parts[1]) >= layers or inner not in _LAYER:
        return None
    return f"blk.{parts[1]}.{_LAYER[inner]}.{last}"


def _add_tokenizer(writer: Any, folder: Path, shape: dict[str, Any]) -> None:
    known = tokens_and_merges(folder)
    if known is None:
        writer.add_tokenizer_model("none")
        writer.add_vocab_size(shape["vocab_size"])
        return
    tokens, merges = known
    end = tokens.index("<|endoftext|>")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([_CONTROL if number == end else _NORMAL for number in range(len(tokens))])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
