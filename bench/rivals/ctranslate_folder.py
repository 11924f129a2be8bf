"""Writes a GPT-2 in CTranslate2's format: `python -m bench.rivals.ctranslate_folder MODEL float32 FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from bench.rivals.model import Array, config, weights


def write(folder: Path, to: Path) -> None:
    """Convert, in float32; int8 is made of it when it is opened. Tokens are named by their numbers."""
    from ctranslate2.specs import TransformerDecoderModelSpec
    from ctranslate2.specs.common_spec import Activation

    shape, found = config(folder), weights(folder)
    spec = TransformerDecoderModelSpec.from_config(
        shape["n_layer"], shape["n_head"], pre_norm=True, activation=Activation.GELUTanh
    )
    decoder = spec.decoder
    decoder.scale_embeddings = False
    decoder.embeddings.weight = found["wte.weight"]
    decoder.position_encodings.encodings = found["wpe.weight"]
    decoder.projection.weight = found["wte.weight"]
    _norm(decoder.layer_norm, found, "ln_f")
    for number, layer in enumerate(decoder.layer):
        _norm(layer.self_attention.layer_norm, found, f"h.{number}.ln_1")
        _linear(layer.self_attention.linear[0], found, f"h.{number}.attn.c_attn")
        _linear(layer.self_attention.linear[1], found, f"h.{number}.attn.c_proj")
        _norm(layer.ffn.layer_norm, found, f"h.{number}.ln_2")
        _linear(layer.ffn.linear_0, found, f"h.{number}.mlp.c_fc")
        _linear(layer.ffn.linear_1, found, f"h.{number}.mlp.c_proj")
    spec.register_vocabulary([str(number) for number in range(shape["vocab_size"])])
    spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = str(shape["vocab_size"] - 1)
    spec.config.layer_norm_epsilon = shape["layer_norm_epsilon"]
    spec.validate()
    spec.optimize()
    to.mkdir(parents=True, exist_ok=True)
    spec.save(str(to))


def _norm(spec: Any, found: dict[str, Array], name: str) -> None:
    spec.gamma, spec.beta = found[f"{name}.weight"], found[f"{name}.bias"]


def _linear(spec: Any, found: dict[str, Array], name: str) -> None:
    spec.weight, spec.bias = found[f"{name}.weight"].T, found[f"{name}.bias"]


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[3]))
