"""GPT-2 (Radford et al., 2019), as transformers' `GPT2LMHeadModel` computes it."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from engine.inference.compact.architecture import Architecture
from engine.inference.compact.attention import attend, attention_of_a_row
from engine.inference.compact.keys import Keys
from engine.inference.compact.tensors import Tensors

_LINEAR = math.sqrt(8 / math.pi)
_CUBIC = _LINEAR * 0.044715
"""Twice what the formula of gelu (Hendrycks and Gimpel, 2016) has."""


class Gpt2:
    """All layers; D is the width, H the heads."""

    def __init__(self, shape: Architecture, tensors: Tensors) -> None:
        """Put the weights into memory.

        Raises:
            MissingTensor: One is not there.
        """
        self.shape = shape
        table = tensors.table("wte.weight", shape.vocabulary, shape.width, shared=shape.tied)
        self._positions = tensors.table("wpe.weight", shape.context, shape.width).to(torch.float32, copy=True)
        self._layers = [_Layer(shape, tensors, f"h.{index}") for index in range(shape.layers)]
        self._norm = (tensors.vector("ln_f.weight", shape.width), tensors.vector("ln_f.bias", shape.width))
        untied = None if shape.tied else tensors.table("lm_head.weight", shape.vocabulary, shape.width, shared=True)
        self.head = tensors.head(table if untied is None else untied)
        self.table = tensors.looked_up(table)

    def hidden(self, embedded: torch.Tensor, keys: Keys, wanted: int) -> torch.Tensor:
        """Pass new tokens through all layers.

        Args:
            embedded: `(T, D)`; they follow those that are held.
            keys: There is room for them.
            wanted: How many of the last are asked for: of the others the last layer computes keys and values only.

        Returns:
            `(wanted, D)`, before the last norm.
        """
        start = len(keys)
        rows = embedded + self._positions[start : start + embedded.shape[0]]
        for index, layer in enumerate(self._layers):
            count = wanted if index == len(self._layers) - 1 else rows.shape[0]
            rows = layer(rows, keys, index, count)
        return rows

    def normalised(self, rows: torch.Tensor) -> torch.Tensor:
        """The last norm, in front of the head."""
        return functional.layer_norm(rows, (self.shape.width,), *self._norm, self.shape.epsilon)


class _Layer:
    def __init__(self, shape: Architecture, tensors: Tensors, name: str) -> None:
        width = shape.width
        self._shape = shape
        self._attend_row = attention_of_a_row(tensors.storage)
        self._norms = [
            (tensors.vector(f"{name}.{norm}.weight", width), tensors.vector(f"{name}.{norm}.bias", width))
            for norm in ("ln_1", "ln_2")
        ]
        self._attention_in = tensors.transposed_matrix(f"{name}.attn.c_attn", width, 3 * width)
        self._attention_out = tensors.transposed_matrix(f"{name}.attn.c_proj", width, width)
        self._inner = tensors.transposed_matrix(f"{name}.mlp.c_fc", width, shape.inner_width)
        self._outer = tensors.transposed_matrix(f"{name}.mlp.c_proj", shape.inner_width, width)

    def __call__(self, rows: torch.Tensor, keys: Keys, index: int, wanted: int) -> torch.Tensor:
        mixed = self._attention_in(self._normalised(rows, 0))
        if self._attend_row is not None and wanted == len(rows) == 1:
            queries, new_keys, values = mixed.numpy().reshape(3, self._shape.heads, -1)
            seen = self._attend_row(queries, new_keys, values, keys, index)
        else:
            parts = mixed.view(-1, 3, self._shape.heads, self._shape.head_width).permute(1, 2, 0, 3)
            held = keys.put(index, parts[1], parts[2])
            if wanted == 0:
                return rows[:0]
            seen = attend(parts[0, :, -wanted:], *held)
        rows = rows[-wanted:] + self._attention_out(seen)
        return rows + self._outer(self._activated(self._inner(self._normalised(rows, 1))))

    def _normalised(self, rows: torch.Tensor, norm: int) -> torch.Tensor:
        return functional.layer_norm(rows, (self._shape.width,), *self._norms[norm], self._shape.epsilon)

    def _activated(self, rows: torch.Tensor) -> torch.Tensor:
        if self._shape.activation == "relu":
            return functional.relu(rows)
        if self._shape.activation != "gelu_tanh":
            return functional.gelu(rows)
        return functional.gelu(rows, approximate="tanh") if rows.shape[0] == 1 else _gelu_tanh(rows)


def _gelu_tanh(rows: torch.Tensor) -> torch.Tensor:
    """Gelu by the tanh formula, in half the time for many rows: 1 + tanh(z) is 2 sigmoid(2 z)."""
    return (rows * rows).mul_(_CUBIC).add_(_LINEAR).mul_(rows).sigmoid_().mul_(rows)
