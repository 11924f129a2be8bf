"""Many prompts in one pass: what all of them begin with is computed once, the rest side by side.

Prompts of unlike length are filled up on their left, between the common beginning and their own rest, where the
attention mask hides it; so all of them end at the same column, and what is put behind them grows all rows alike.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from engine.inference.decoding import PREFILL_TOKENS

_NEEDED = ("past_key_values", "attention_mask", "position_ids")
_PIECE_TOKENS = 512
"""Of all rows together: a cancel waits for one such piece at most."""
_FEWEST_COLUMNS = 16
_PAD = 0
"""Any id will do: it is never looked at."""


def can_batch(model: Any) -> bool:
    """Whether a model keeps keys and values of everything it saw, and can be told where each token stands."""
    from transformers import DynamicCache

    parameters = inspect.signature(model.forward).parameters
    if any(name not in parameters for name in _NEEDED):
        return False
    layers = getattr(DynamicCache(config=model.config), "layers", ())
    return not any(getattr(layer, "is_sliding", False) or not _keeps_all(layer) for layer in layers)


def common_length(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts begin with; one of each is always left over, as it yields the logits."""
    # What the first and the last in order have in common, all between them have too.
    first, last = min(map(tuple, prompts)), max(map(tuple, prompts))
    limit = min(map(len, prompts)) - 1
    for place in range(limit):
        if first[place] != last[place]:
            return place
    return limit


def in_groups(lengths: Sequence[int], *, rows: int, tokens: int) -> Iterator[list[int]]:
    """Part rows into groups of like length.

    Args:
        lengths: Of the rows.
        rows: The most that a group may have.
        tokens: The most that a group may have when all its rows are as long as the longest; a single row may have
            more.

    Yields:
        Indexes of rows, the longest rows first: what does not fit into memory shows at once.
    """
    group: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if group and (len(group) == rows or (len(group) + 1) * lengths[group[0]] > tokens):
            yield group
            group = []
        group.append(place)
    if group:
        yield group


class SharedBeginning:
    """The keys and values of what all prompts begin with."""

    def __init__(self, model: Any, ids: Sequence[int], *, vectors: torch.Tensor | None = None) -> None:
        """Compute them.

        Args:
            model: One that `can_batch`, in evaluation mode.
            ids: May be none.
            vectors: To be put before the ids, `(P, D)`: a soft prompt.
        """
        from transformers import DynamicCache

        self.model = model
        self.device = next(model.parameters()).device
        self.length = len(ids) + (0 if vectors is None else vectors.shape[0])
        self._cache = DynamicCache(config=model.config)
        tokens = torch.tensor([list(ids)], dtype=torch.long, device=self.device)
        if vectors is not None:
            embedded = model.get_input_embeddings()(tokens)
            inputs = torch.cat((vectors[None].to(embedded.dtype), embedded), 1)
            model(inputs_embeds=inputs, past_key_values=self._cache, use_cache=True)
            return
        for first in range(0, len(ids), PREFILL_TOKENS):
            piece = tokens[:, first : first + PREFILL_TOKENS]
            model(input_ids=piece, past_key_values=self._cache, use_cache=True)

    def cache_of(self, rows: int) -> Any:
        """A copy of the cache for so many rows."""
        cache = _copied(self._cache)
        if self.length:
            cache.batch_select_indices(torch.zeros(rows, dtype=torch.long, device=self.device))
        return cache


class PromptRows:
    """B prompts that begin alike, and what is put behind them."""

    def __init__(self, shared: SharedBeginning, rests: Sequence[Sequence[int]]) -> None:
        """Take the prompts.

        Args:
            shared: Their beginning.
            rests: Of each prompt what stands behind it, at least one token.
        """
        self._model, self._device = shared.model, shared.device
        longest = max(map(len, rests))
        filled = [[_PAD] * (longest - len(rest)) + list(rest) for rest in rests]
        marks = [[0] * (longest - len(rest)) + [1] * len(rest) for rest in rests]
        self._ids = torch.tensor(filled, device=self._device)  # (B, T)
        own = torch.tensor(marks, device=self._device)
        self._mask = torch.cat((own.new_ones(len(rests), shared.length), own), 1)
        self._cache = shared.cache_of(len(rests))
        self._seen = shared.length
        self._options = (
            {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(self._model.forward).parameters else {}
        )

    def __len__(self) -> int:
        return self._mask.shape[0]

    @property
    def length(self) -> int:
        """Tokens of a row so far, with what fills it up."""
        return self._mask.shape[1]

    def prefill(self, cancelled: Callable[[], bool]) -> torch.Tensor | None:
        """Take the prompts in, piece by piece.

        Returns:
            The logits after the last token of each, `(B, V)`; None where it was cancelled on the way.
        """
        logits = None
        columns = min(PREFILL_TOKENS, max(_FEWEST_COLUMNS, _PIECE_TOKENS // len(self)))
        for first in range(0, self._ids.shape[1], columns):
            if cancelled():
                return None
            logits = self._forward(self._ids[:, first : first + columns], **self._options)
        assert logits is not None
        return logits[:, -1]

    def extend(self, tokens: torch.Tensor) -> torch.Tensor:
        """Put tokens `(B, T)` behind each row; returns the logits after each, `(B, T, V)`."""
        self._mask = torch.cat((self._mask, self._mask.new_ones(tokens.shape)), 1)
        return self._forward(tokens.to(self._device))

    def picked(self, rows: Sequence[int]) -> PromptRows:
        """A copy of some rows, to put something behind them; a row may come more than once."""
        other = copy.copy(self)
        other._cache = _copied(self._cache)
        other.select(rows)
        return other

    def select(self, rows: Sequence[int]) -> None:
        """Keep these rows only, in this order; a row may come more than once."""
        indexes = torch.tensor(list(rows), dtype=torch.long, device=self._device)
        self._mask = self._mask[indexes]
        self._cache.batch_select_indices(indexes)

    def _forward(self, tokens: torch.Tensor, **options: Any) -> torch.Tensor:
        seen = self._seen + tokens.shape[1]
        mask = self._mask[:, :seen]
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, self._seen :]
        output = self._model(
            input_ids=tokens,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
            **options,
        )
        self._seen = seen
        logits: torch.Tensor = output.logits
        return logits


def _copied(cache: Any) -> Any:
    """A cache that grows by itself; its tensors are replaced as it grows, never written to, so that they are shared."""
    other = copy.copy(cache)
    other.layers = [copy.copy(layer) for layer in cache.layers]
    return other


def _keeps_all(layer: Any) -> bool:
    return bool(getattr(layer, "is_croppable", True)) and not getattr(layer, "is_linear", False)
