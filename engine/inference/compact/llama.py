"""Llama (Touvron et al., 2023) and what differs from it in little: SmolLM2, Qwen2 and Qwen3."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional

from engine.inference.compact.architecture import Architecture
from engine.inference.compact.attention import attend, attention_of_a_row
from engine.inference.compact.keys import Keys
from engine.inference.compact.tensors import Tensors


class Llama:
    """All layers; D is the width, H the heads, K the key heads."""

    def __init__(self, shape: Architecture, tensors: Tensors) -> None:
        """Put the weights into memory.

        Raises:
            MissingTensor: One is not there.
        """
        self.shape = shape
        table = tensors.table("embed_tokens.weight", shape.vocabulary, shape.width, shared=shape.tied)
        self._layers = [_Layer(shape, tensors, f"layers.{index}") for index in range(shape.layers)]
        self._norm = tensors.vector("norm.weight", shape.width)
        untied = None if shape.tied else tensors.table("lm_head.weight", shape.vocabulary, shape.width, shared=True)
        self.head = tensors.head(table if untied is None else untied)
        self.table = tensors.looked_up(table)
        self._frequencies = frequencies(shape)
        self._turns = torch.empty(0, 2, shape.head_width)

    def hidden(self, embedded: torch.Tensor, keys: Keys, wanted: int) -> torch.Tensor:
        """Pass new tokens through all layers.

        Args:
            embedded: `(T, D)`; they follow those that are held.
            keys: There is room for them.
            wanted: How many of the last are asked for: of the others the last layer computes keys and values only.

        Returns:
            `(wanted, D)`, before the last norm.
        """
        turns = self._turns_at(len(keys), embedded.shape[0])
        rows = embedded
        for index, layer in enumerate(self._layers):
            count = wanted if index == len(self._layers) - 1 else rows.shape[0]
            rows = layer(rows, keys, index, count, turns)
        return rows

    def normalised(self, rows: torch.Tensor) -> torch.Tensor:
        """The last norm, in front of the head."""
        return functional.rms_norm(rows, (self.shape.width,), self._norm, self.shape.epsilon)

    def _turns_at(self, start: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosine and sine of each position's angles, `(T, head_width)` each."""
        if start + count > len(self._turns):
            size = min(self.shape.context, max(start + count, 2 * len(self._turns), 256))
            angles = torch.outer(torch.arange(size).float(), self._frequencies)
            angles = torch.cat((angles, angles), 1)
            self._turns = torch.stack((angles.cos(), angles.sin()), 1)
        part = self._turns[start : start + count]
        return part[:, 0], part[:, 1]


class _Layer:
    def __init__(self, shape: Architecture, tensors: Tensors, name: str) -> None:
        self._shape = shape
        self._attend_row = attention_of_a_row(tensors.storage)
        width, inner = shape.width, shape.inner_width
        query_width, key_width = shape.heads * shape.head_width, shape.key_heads * shape.head_width
        self._norms = [
            tensors.vector(f"{name}.{norm}.weight", width) for norm in ("input_layernorm", "post_attention_layernorm")
        ]
        self._attention_in = tensors.matrix(
            tuple(f"{name}.self_attn.{part}_proj" for part in "qkv"),
            ((query_width, width), (key_width, width), (key_width, width)),
            biased=shape.attention_bias,
        )
        self._attention_out = tensors.matrix(
            (f"{name}.self_attn.o_proj",), ((width, query_width),), biased=shape.output_bias
        )
        self._inner = tensors.matrix(
            (f"{name}.mlp.gate_proj", f"{name}.mlp.up_proj"),
            ((inner, width),) * 2,
            biased=shape.inner_bias,
        )
        self._outer = tensors.matrix((f"{name}.mlp.down_proj",), ((width, inner),), biased=shape.inner_bias)
        self._head_norms = (
            [tensors.vector(f"{name}.self_attn.{part}_norm.weight", shape.head_width) for part in "qk"]
            if shape.head_norms
            else None
        )

    def __call__(
        self, rows: torch.Tensor, keys: Keys, index: int, wanted: int, turns: tuple[torch.Tensor, torch.Tensor]
    ) -> torch.Tensor:
        shape = self._shape
        mixed = self._attention_in(self._normalised(rows, 0))
        heads = mixed.view(rows.shape[0], shape.heads + 2 * shape.key_heads, shape.head_width).transpose(0, 1)
        turned = heads[: shape.heads + shape.key_heads]
        if self._head_norms is not None:
            turned = torch.cat(
                [
                    functional.rms_norm(part, (shape.head_width,), weight, shape.epsilon)
                    for part, weight in zip(
                        (turned[: shape.heads], turned[shape.heads :]), self._head_norms, strict=True
                    )
                ]
            )
        turned = _turn(turned, *turns)
        values = heads[shape.heads + shape.key_heads :]
        if self._attend_row is not None and wanted == len(rows) == 1:
            queries, new_keys = np.split(turned.numpy()[:, 0], [shape.heads])
            seen = self._attend_row(queries, new_keys, values.numpy()[:, 0], keys, index)
        else:
            held = keys.put(index, turned[shape.heads :], values)
            if wanted == 0:
                return rows[:0]
            seen = attend(turned[: shape.heads, -wanted:], *held)
        rows = rows[-wanted:] + self._attention_out(seen)
        gate, up = self._inner(self._normalised(rows, 1)).chunk(2, 1)
        return rows + self._outer(functional.silu(gate) * up)

    def _normalised(self, rows: torch.Tensor, norm: int) -> torch.Tensor:
        return functional.rms_norm(rows, (self._shape.width,), self._norms[norm], self._shape.epsilon)


def frequencies(shape: Architecture) -> torch.Tensor:
    """The rotation of each pair of numbers per position, `(head_width / 2,)`, in radians.

    Llama 3 stretches the waves that are longer than its first window, and blends between long and short ones.
    """
    rope = shape.rope
    exponents = torch.arange(0, shape.head_width, 2, dtype=torch.int64).float() / shape.head_width
    plain = 1.0 / (rope.theta**exponents)
    if rope.factor == 1.0:
        return plain
    waves = 2 * math.pi / plain
    blend = (rope.original_context / waves - rope.low_frequency) / (rope.high_frequency - rope.low_frequency)
    blend = blend.clamp(0, 1)
    return (1 - blend) * plain / rope.factor + blend * plain


def _turn(heads: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
    """Rotate queries or keys `(H, T, D)`, number i with number i + D / 2."""
    first, second = heads.chunk(2, -1)
    return heads * cosines + torch.cat((-second, first), -1) * sines
