"""Text sampled from a small Llama, hundreds of rows at once.

Written out in plain matrix products because the models' library spends more time between the products of so small
a model than in them: this is some twenty times as fast on one core.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch.nn.functional import linear, rms_norm, silu


@dataclass(frozen=True)
class Sampled:
    """One text: ``complete`` is false where the window ended before the text did."""

    text: str
    complete: bool


class Teacher:
    """A Llama of a few hundred thousand parameters and its tokenizer, in single precision."""

    def __init__(self, folder: Path) -> None:
        """Reads ``config.json``, ``model.safetensors`` and ``tokenizer.json``; raises OSError where one is missing."""
        config = json.loads((folder / "config.json").read_text())
        self.layers: int = config["num_hidden_layers"]
        self.heads: int = config["num_attention_heads"]
        self.kv_heads: int = config["num_key_value_heads"]
        self.window: int = config["max_position_embeddings"]
        self.epsilon: float = config["rms_norm_eps"]
        self.begin: int = config["bos_token_id"]
        self.size: int = config["hidden_size"] // self.heads
        self.weights = load_file(folder / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        theta: float = config["rope_parameters"]["rope_theta"]
        frequencies = theta ** (-torch.arange(0, self.size, 2) / self.size)
        angles = torch.outer(torch.arange(self.window), frequencies).repeat(1, 2)
        self.cosines, self.sines = angles.cos(), angles.sin()

    def texts(self, *, rows: int, generator: torch.Generator) -> Iterator[Sampled]:
        """Samples ``rows`` whole windows at temperature 1 from the whole vocabulary, and cuts them into texts."""
        for ids in self._windows(rows, generator).tolist():
            ends = [*(place for place, token in enumerate(ids) if token == self.begin), len(ids)]
            for start, end in pairwise(ends):
                text = self.tokenizer.decode(ids[start + 1 : end]).strip()
                # A second text that the window cuts off says no more about how texts begin than a first one does.
                complete = end < len(ids)
                if text and (complete or start == 0):
                    yield Sampled(text, complete)

    @torch.inference_mode()
    def _windows(self, rows: int, generator: torch.Generator) -> torch.Tensor:
        """Token ids ``(rows, window)``; each row begins with the token that begins a text."""
        ids = torch.full((rows, self.window), self.begin)
        # Keys lie with the places innermost: their product with so few queries is twice as fast that way.
        keys = [torch.empty(rows, self.kv_heads, self.size, self.window) for _ in range(self.layers)]
        values = [torch.empty(rows, self.kv_heads, self.window, self.size) for _ in range(self.layers)]
        for place in range(self.window - 1):
            logits = self._step(ids[:, place], place, keys, values)
            heights = logits.softmax(-1).cumsum(-1)
            draws = torch.rand(rows, 1, generator=generator) * heights[:, -1:]
            ids[:, place + 1] = torch.searchsorted(heights, draws, right=True)[:, 0].clamp_(max=logits.shape[-1] - 1)
        return ids

    def _step(
        self, ids: torch.Tensor, place: int, keys: list[torch.Tensor], values: list[torch.Tensor]
    ) -> torch.Tensor:
        """Logits ``(rows, vocabulary)`` of what follows; writes this place's keys and values."""
        named = self.weights
        rows = ids.shape[0]
        hidden = named["model.embed_tokens.weight"][ids]
        for layer in range(self.layers):
            part = f"model.layers.{layer}."
            normed = self._norm(hidden, part + "input_layernorm.weight")
            attention = part + "self_attn."
            query = self._turned(linear(normed, named[attention + "q_proj.weight"]).view(rows, self.heads, -1), place)
            key = self._turned(linear(normed, named[attention + "k_proj.weight"]).view(rows, self.kv_heads, -1), place)
            keys[layer][:, :, :, place] = key
            values[layer][:, :, place] = linear(normed, named[attention + "v_proj.weight"]).view(key.shape)
            grouped = query.view(rows, self.kv_heads, -1, self.size) * self.size**-0.5
            weights = (grouped @ keys[layer][..., : place + 1]).softmax(-1)
            mixed = (weights @ values[layer][:, :, : place + 1]).reshape(rows, -1)
            hidden = hidden + linear(mixed, named[attention + "o_proj.weight"])
            normed = self._norm(hidden, part + "post_attention_layernorm.weight")
            gate = silu(linear(normed, named[part + "mlp.gate_proj.weight"]))
            up = linear(normed, named[part + "mlp.up_proj.weight"])
            hidden = hidden + linear(gate * up, named[part + "mlp.down_proj.weight"])
        return linear(self._norm(hidden, "model.norm.weight"), named["model.embed_tokens.weight"])

    def _norm(self, hidden: torch.Tensor, name: str) -> torch.Tensor:
        return rms_norm(hidden, hidden.shape[-1:], self.weights[name], self.epsilon)

    def _turned(self, heads: torch.Tensor, place: int) -> torch.Tensor:
        """Rotary positions on ``(rows, heads, size)``, in the half-and-half order of the stored weights."""
        first, second = heads.chunk(2, dim=-1)
        return heads * self.cosines[place] + torch.cat((-second, first), dim=-1) * self.sines[place]
