"""Adapters around a model that is to answer: LoRA is merged into the weights, a soft prompt becomes tokens.

Both ways the model stays one that the rest knows: no PEFT in the decode loop, and as quick as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.errors import LoadFailed
from engine.inference.decoding import Cancelled, Decoder, Foresight

WEIGHTS = "adapter_model.safetensors"
_PROMPT = "prompt_embeddings"


def with_adapters(model: Any, folders: Sequence[Path]) -> tuple[Any, tuple[int, ...]]:
    """Put adapters into a model.

    Args:
        model: The model, in its place in memory.
        folders: The adapters, the innermost first.

    Returns:
        The model, and the ids that have to stand before every prompt: those of a soft prompt.

    Raises:
        LoadFailed: An adapter is damaged, or belongs to another model.
    """
    prefix: tuple[int, ...] = ()
    for folder in folders:
        try:
            vectors = _soft_prompt(folder)
            if vectors is None:
                model = _merged(model, folder)
            else:
                prefix = _add_tokens(model, vectors)
        except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise LoadFailed(
                f"The adapter in {folder} does not fit the model: {lines[0][:200]}",
                "Was the model under it replaced since the training?",
            ) from error
    return model, prefix


class PromptedDecoder:
    """A decoder that takes a soft prompt in before every prompt, unseen by whoever asks."""

    def __init__(self, decoder: Decoder, prefix: Sequence[int]) -> None:
        """Wrap a decoder whose model knows the ids of the prefix."""
        self._decoder, self._prefix = decoder, tuple(prefix)

    def reusable(self, ids: Sequence[int]) -> int:
        """How many tokens of a prompt are computed already; the prefix is not counted."""
        return max(0, self._decoder.reusable((*self._prefix, *ids)) - len(self._prefix))

    def prefill(self, ids: Sequence[int], cancelled: Cancelled) -> torch.Tensor | None:
        """Take in a prompt."""
        return self._decoder.prefill((*self._prefix, *ids), cancelled)

    def step(self, token: int) -> torch.Tensor:
        """Take in one more token."""
        return self._decoder.step(token)

    def foresight(self) -> Foresight | None:
        """What takes in several tokens at once: it need not know of the soft prompt."""
        return self._decoder.foresight()

    def forget(self) -> None:
        """Give the memory of keys and values back."""
        self._decoder.forget()


class _ExtendedEmbedding(nn.Module):
    """An embedding with learned vectors behind its own V rows. The head, which may share them, does not grow."""

    def __init__(self, embedding: Any, vectors: torch.Tensor) -> None:
        super().__init__()
        self.embedding = embedding
        self.vectors = nn.Parameter(vectors, requires_grad=False)  # (P, D)

    @property
    def weight(self) -> Any:
        return self.embedding.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        size = self.embedding.weight.shape[0]
        beyond = ids >= size
        embedded: torch.Tensor = self.embedding(ids.clamp(max=size - 1))
        if beyond.any():
            embedded = embedded.clone()
            embedded[beyond] = self.vectors[ids[beyond] - size]
        return embedded


def _soft_prompt(folder: Path) -> torch.Tensor | None:
    """The learned vectors `(P, D)` of a soft prompt; None where it is another kind of adapter."""
    from safetensors import safe_open

    with safe_open(folder / WEIGHTS, framework="pt") as weights:
        return weights.get_tensor(_PROMPT) if _PROMPT in weights.keys() else None  # noqa: SIM118 - no mapping


def _add_tokens(model: Any, vectors: torch.Tensor) -> tuple[int, ...]:
    embedding = model.get_input_embeddings()
    size, width = embedding.weight.shape
    if vectors.shape[1] != width:
        raise ValueError(f"its vectors have {vectors.shape[1]} numbers, and the model's {width}")
    model.set_input_embeddings(_ExtendedEmbedding(embedding, vectors.to(embedding.weight.dtype)))
    return tuple(range(size, size + vectors.shape[0]))


def _merged(model: Any, folder: Path) -> Any:
    import warnings

    from peft import PeftModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # PEFT asks transformers in a way that has become old
        adapted = PeftModel.from_pretrained(model, str(folder), local_files_only=True)
        return adapted.merge_and_unload()
