"""The compact model behind the seam of `engine.inference.decoding`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from engine.inference.compact.architecture import Architecture
from engine.inference.compact.gpt2 import Gpt2
from engine.inference.compact.keys import Keys
from engine.inference.compact.llama import Llama
from engine.inference.compact.matrices import Storage
from engine.inference.compact.tensors import Tensors, without_prefix
from engine.inference.decoding import PREFILL_TOKENS, Cancelled

SAMPLE_TOKENS = 64
"""So many show int8 matrices which of their inputs are loud."""
_PIECE_FLOP = 1.4e11
"""What one core does in 8 bits in a third of a second: so long a cancel may wait for a piece of a prompt."""
_MOST_PIECE_TOKENS = 512


def piece_tokens(parameters: int, storage: Storage) -> int:
    """How many tokens of a prompt are taken in at once: in 8 bits more are quicker, up to some hundreds."""
    if storage != "int8":
        return PREFILL_TOKENS
    pieces = int(_PIECE_FLOP / (2 * max(1, parameters)) / PREFILL_TOKENS)
    return min(_MOST_PIECE_TOKENS, PREFILL_TOKENS * max(1, pieces))


class CompactDecoder:
    """Computes logits on the CPU; the output head is left out for all tokens but the last."""

    def __init__(
        self,
        shape: Architecture,
        tensors: Mapping[str, torch.Tensor],
        storage: Storage = "float32",
        *,
        vectors: torch.Tensor | None = None,
        sample: Sequence[int] = (),
    ) -> None:
        """Put a model into memory.

        Args:
            shape: From `read_architecture`.
            tensors: All its weights.
            storage: How matrices are kept.
            vectors: A soft prompt, `(P, D)`: ids from the vocabulary's size on mean its rows.
            sample: Ordinary text, by which int8 matrices are quantised; without one they see the vocabulary instead.

        Raises:
            MissingTensor: A weight is not there.
        """
        found = Tensors(without_prefix(tensors, "transformer." if shape.family == "gpt2" else "model."), storage)
        self._model = Gpt2(shape, found) if shape.family == "gpt2" else Llama(shape, found)
        self._keys = Keys(shape)
        self._storage = storage
        self._vectors = vectors
        self.parameters = found.parameters + (0 if vectors is None else vectors.numel())
        self.size_bytes = found.size_bytes
        """Of the weights, as they are kept."""
        self._piece_tokens = piece_tokens(self.parameters, storage)
        self._prompt: tuple[int, ...] = ()
        self._prompt_logits: torch.Tensor | None = None
        """Of the last prompt: the same one again costs nothing, and gives the same numbers to the last bit."""
        if storage == "int8":
            self._see(sample or range(0, shape.vocabulary, 1 + shape.vocabulary // SAMPLE_TOKENS))

    def reusable(self, ids: Sequence[int]) -> int:
        """How many tokens of a prompt are computed already."""
        common = self._keys.common_prefix(ids)
        return common if self._knows(ids) else min(common, len(ids) - 1)

    @torch.inference_mode()
    def prefill(self, ids: Sequence[int], cancelled: Cancelled) -> torch.Tensor | None:
        """Take in what is new in a prompt, piece by piece."""
        done = self.reusable(ids)
        self._keys.shorten(done)
        logits = self._prompt_logits if done == len(ids) else None
        while done < len(ids):
            if cancelled():
                return None
            piece = ids[done : done + self._piece_tokens]
            done += len(piece)
            hidden = self._hidden(piece, wanted=1 if done == len(ids) else 0)
            if done == len(ids):
                logits = self._logits(hidden)
        self._prompt, self._prompt_logits = tuple(ids), logits
        return logits

    @torch.inference_mode()
    def step(self, token: int) -> torch.Tensor:
        """Take in one more token."""
        return self._logits(self._hidden((token,), wanted=1))

    def foresight(self) -> CompactDecoder | None:
        """Itself; None in int8, where several rows are rounded otherwise than one."""
        return None if self._storage == "int8" else self

    def room(self) -> int:
        """How many tokens there is room for."""
        return self._model.shape.context - len(self._keys)

    @torch.inference_mode()
    def try_out(self, tokens: Sequence[int]) -> torch.Tensor:
        """Take in tokens; returns the logits after each, `(T, V)`."""
        return self._model.head(self._model.normalised(self._hidden(tokens, wanted=len(tokens))))

    def take_back(self, count: int) -> None:
        """Unsee the last so many."""
        self._keys.shorten(len(self._keys) - count)

    def forget(self) -> None:
        """Give the memory of keys and values back."""
        self._keys.clear()
        self._prompt, self._prompt_logits = (), None

    @torch.inference_mode()
    def _see(self, sample: Sequence[int]) -> None:
        """Show all matrices the same text, and remember nothing of it.

        One row takes loops of its own: they are compiled now too, as otherwise the first word would wait for that.
        """
        known = [token for token in sample if token < self._model.shape.vocabulary]
        shown = known[: min(SAMPLE_TOKENS, self._model.shape.context)] or [0]
        hidden = self._hidden(shown, wanted=len(shown))
        self._model.head(self._model.normalised(hidden))
        self._keys.clear()
        self._logits(self._hidden(shown[:1], wanted=1))
        self._keys.clear()

    def _knows(self, ids: Sequence[int]) -> bool:
        return (
            self._prompt_logits is not None and self._prompt == tuple(ids) and self._keys.common_prefix(ids) == len(ids)
        )

    def _hidden(self, ids: Sequence[int], *, wanted: int) -> torch.Tensor:
        self._keys.reserve(len(self._keys) + len(ids))
        hidden = self._model.hidden(self._embedded(ids), self._keys, wanted)
        self._keys.grew(ids)
        return hidden

    def _logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return self._model.head(self._model.normalised(hidden))[0]

    def _embedded(self, ids: Sequence[int]) -> torch.Tensor:
        places = torch.tensor(ids)
        table = self._model.table
        if self._vectors is None:
            return table[places].float()
        beyond = places >= table.shape[0]
        embedded = table[places.clamp(max=table.shape[0] - 1)].float()
        embedded[beyond] = self._vectors[places[beyond] - table.shape[0]].float()
        return embedded
