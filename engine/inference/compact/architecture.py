"""What a config.json describes, as far as it is built here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Family = Literal["gpt2", "llama"]
Activation = Literal["gelu", "gelu_tanh", "relu", "silu"]

_GPT2_ACTIVATIONS: dict[str, Activation] = {
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu": "gelu",
    "relu": "relu",
}
_LLAMA_LIKE = ("llama", "qwen2", "qwen3")


class Rope(msgspec.Struct, frozen=True, kw_only=True):
    """Rotary position embeddings (Su et al., 2021)."""

    theta: float = 10_000.0
    factor: float = 1.0
    """Llama 3's stretching of the low frequencies; 1 is none."""
    low_frequency: float = 1.0
    high_frequency: float = 4.0
    original_context: int = 8192


class Architecture(msgspec.Struct, frozen=True, kw_only=True):
    """All numbers that the arithmetic needs."""

    family: Family
    layers: int
    heads: int
    key_heads: int
    """Fewer than `heads` where several share keys and values (Ainslie et al., 2023)."""
    head_width: int
    width: int
    inner_width: int
    vocabulary: int
    context: int
    epsilon: float
    """Of the norms."""
    activation: Activation
    tied: bool
    """The head uses the embedding's matrix."""
    rope: Rope = Rope()
    attention_bias: bool = False
    """On query, key and value."""
    output_bias: bool = False
    """On the projection behind the attention."""
    inner_bias: bool = False
    head_norms: bool = False
    """Queries and keys are normalised head by head."""


def read_architecture(config: Mapping[str, Any]) -> Architecture | None:
    """Understand a config.json; None where anything in it asks for what is not built here.

    Args:
        config: As read from the file.
    """
    kind = config.get("model_type")
    try:
        if kind == "gpt2":
            return _gpt2(config)
        if kind in _LLAMA_LIKE:
            return _llama(config, str(kind))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return None


def _gpt2(config: Mapping[str, Any]) -> Architecture | None:
    unusual = ("scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn", "add_cross_attention")
    if any(config.get(name) for name in unusual) or not config.get("scale_attn_weights", True):
        return None
    width, heads = int(config.get("n_embd", 768)), int(config.get("n_head", 12))
    if width % heads:
        return None
    return Architecture(
        family="gpt2",
        layers=int(config.get("n_layer", 12)),
        heads=heads,
        key_heads=heads,
        head_width=width // heads,
        width=width,
        inner_width=int(config.get("n_inner") or 4 * width),
        vocabulary=int(config.get("vocab_size", 50257)),
        context=int(config.get("n_positions", 1024)),
        epsilon=float(config.get("layer_norm_epsilon", 1e-5)),
        activation=_GPT2_ACTIVATIONS[config.get("activation_function", "gelu_new")],
        tied=bool(config.get("tie_word_embeddings", True)),
    )


def _llama(config: Mapping[str, Any], kind: str) -> Architecture | None:
    if config.get("use_sliding_window") or config.get("hidden_act", "silu") != "silu":
        return None
    if any(each != "full_attention" for each in config.get("layer_types") or ()):
        return None
    rope = _rope(config)
    if rope is None:
        return None
    width, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    head_width = int(config.get("head_dim") or width // heads)
    biased = bool(config.get("attention_bias", False))
    key_heads = int(config.get("num_key_value_heads") or heads)
    if heads % key_heads or head_width % 2:
        return None
    return Architecture(
        family="llama",
        layers=int(config["num_hidden_layers"]),
        heads=heads,
        key_heads=key_heads,
        head_width=head_width,
        width=width,
        inner_width=int(config["intermediate_size"]),
        vocabulary=int(config["vocab_size"]),
        context=int(config["max_position_embeddings"]),
        epsilon=float(config["rms_norm_eps"]),
        activation="silu",
        tied=bool(config.get("tie_word_embeddings", False)),
        rope=rope,
        attention_bias=biased or kind == "qwen2",
        output_bias=biased and kind != "qwen2",
        inner_bias=bool(config.get("mlp_bias", False)),
        head_norms=kind == "qwen3",
    )


def _rope(config: Mapping[str, Any]) -> Rope | None:
    """Both ways of writing it down: one table since transformers 5, and two fields before."""
    if config.get("rope_parameters") and config.get("rope_scaling"):
        return None
    given: Mapping[str, Any] = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta = float(given.get("rope_theta") or config.get("rope_theta") or 10_000.0)
    if float(given.get("partial_rotary_factor") or config.get("partial_rotary_factor") or 1.0) != 1.0:
        return None
    match given.get("rope_type", given.get("type", "default")):
        case "default":
            return Rope(theta=theta)
        case "llama3":
            return Rope(
                theta=theta,
                factor=float(given["factor"]),
                low_frequency=float(given["low_freq_factor"]),
                high_frequency=float(given["high_freq_factor"]),
                original_context=int(given["original_max_position_embeddings"]),
            )
        case _:
            return None
