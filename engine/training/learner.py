"""A model of any method as one module: a batch goes in, the summed loss comes out.

Notation: B packs of T positions, N texts in a pack, P virtual tokens, D the width, V the vocabulary.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import nn

from engine.training.cross_entropy import summed_cross_entropy
from engine.training.frozen import Frozen
from engine.training.rows import IGNORED, Pack, packed, padded

Way = Literal["packed", "own-head", "padded"]
"""packed: own loss on packed rows. own-head: packed rows, the model's own logits. padded: rows under each other.

The later, the slower, and the fewer assumptions about the architecture.
"""


class Learner(nn.Module):
    """Wraps a model, with or without adapters, in one way of computing the loss."""

    def __init__(self, model: Any, *, pad_id: int, autocast: torch.dtype | None = None, way: Way = "packed") -> None:
        """Wrap.

        Args:
            model: A causal language model of transformers, or a PEFT model of one.
            pad_id: Fills up rows where they are padded.
            autocast: The type of matrix products; None leaves the weights' own.
            way: See `Way`.
        """
        super().__init__()
        self.model = model
        self.pad_id = pad_id
        self.autocast = autocast
        self.way = way
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._head = Frozen()
        self._base = [base]  # in a list, so that it is not registered a second time
        self._takes_positions = "position_ids" in inspect.signature(base.forward).parameters

    @property
    def base(self) -> Any:
        """The model inside, without adapters around it."""
        return self._base[0]

    @property
    def virtual_tokens(self) -> int:
        """Learned vectors before each text; 0 but for soft prompts."""
        config = getattr(self.model, "active_peft_config", None)
        return int(getattr(config, "num_virtual_tokens", None) or 0)

    def collate(self, packs: Sequence[Pack]) -> dict[str, torch.Tensor]:
        """Make a batch of packs of rows."""
        return padded(packs, self.pad_id) if self.way == "padded" else packed(packs, self.pad_id)

    def forward(
        self,
        input_ids: torch.Tensor,
        targets: torch.Tensor,
        position_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        filled: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Sum the cross-entropy over all targets, in nats; all arguments are `(B, T)`, and `filled` `(B,)`."""
        device = input_ids.device.type
        with torch.autocast(device, dtype=self.autocast or torch.bfloat16, enabled=self.autocast is not None):
            if self.virtual_tokens:
                inputs, targets = self._with_prompt(input_ids, targets, position_ids, attention_mask, filled)
            else:
                inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
                if position_ids is not None and self._takes_positions:
                    inputs["position_ids"] = position_ids
            counted = (targets != IGNORED).view(-1)
            wanted = targets.reshape(-1)[counted]
            if self.way == "packed":
                states = self.base.base_model(**inputs, use_cache=False)[0]  # (B, T, D)
                head = self.base.get_output_embeddings()
                chosen = states.reshape(-1, states.shape[-1])[counted]
                return summed_cross_entropy(chosen, head.weight, getattr(head, "bias", None), wanted, frozen=self._head)
            logits = self.base(**inputs, use_cache=False).logits  # (B, T, V)
            chosen = logits.reshape(-1, logits.shape[-1])[counted]
        return nn.functional.cross_entropy(chosen.float(), wanted, reduction="sum")

    def _with_prompt(
        self,
        input_ids: torch.Tensor,
        targets: torch.Tensor,
        position_ids: torch.Tensor | None,
        attention_mask: torch.Tensor | None,
        filled: torch.Tensor | None,
    ) -> tuple[dict[str, Any], torch.Tensor]:
        """Put the learned vectors before each text, of which a pack has several: T grows by N * P."""
        count = self.virtual_tokens
        embedded = self.base.get_input_embeddings()(input_ids)  # (B, T, D)
        prompt = self.model.get_prompt(batch_size=1)[0].to(embedded.dtype)  # (P, D)
        if position_ids is None:
            rows = input_ids.shape[0]
            inputs = {"inputs_embeds": torch.cat((prompt.expand(rows, -1, -1), embedded), 1)}
            if attention_mask is not None:
                inputs["attention_mask"] = nn.functional.pad(attention_mask, (count, 0), value=1)
            return inputs, nn.functional.pad(targets, (count, 0), value=IGNORED)
        vectors, labels, places = [], [], []
        blank = targets.new_full((count,), IGNORED)
        for row in range(input_ids.shape[0]):
            size = input_ids.shape[1] - (int(filled[row]) if filled is not None else 0)
            starts = (position_ids[row, :size] == 0).nonzero().view(-1).tolist()
            lengths = [end - start for start, end in zip(starts, [*starts[1:], size], strict=True)]
            texts, wanted = torch.split(embedded[row, :size], lengths), torch.split(targets[row, :size], lengths)
            vectors.append(torch.cat([piece for text in texts for piece in (prompt, text)]))
            labels.append(torch.cat([piece for text in wanted for piece in (blank, text)]))
            places.append(torch.cat([torch.arange(count + length) for length in lengths]).to(input_ids.device))
        inputs = {"inputs_embeds": nn.utils.rnn.pad_sequence(vectors, batch_first=True)}
        if self._takes_positions:
            # Filling up has the position 0 throughout: each such token is a text of its own.
            inputs["position_ids"] = nn.utils.rnn.pad_sequence(places, batch_first=True)
        return inputs, nn.utils.rnn.pad_sequence(labels, batch_first=True, padding_value=IGNORED)
