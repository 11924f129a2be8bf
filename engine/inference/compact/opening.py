"""From a model's files, or from a model in memory, to a compact decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from engine.inference.compact.architecture import read_architecture
from engine.inference.compact.decoder import CompactDecoder
from engine.inference.compact.matrices import Storage
from engine.inference.compact.tensors import MissingTensor, map_files


def from_files(
    files: tuple[Path, ...], config: Mapping[str, Any], storage: Storage, sample: Sequence[int] = ()
) -> CompactDecoder | None:
    """Open safetensors files.

    Args:
        files: All of the model's.
        config: Its config.json.
        storage: How matrices are kept in memory.
        sample: As for `CompactDecoder`.

    Returns:
        None where this is nothing for the compact decoder, or anything is wrong with the files: transformers opens the
        one, and says the other in words.
    """
    shape = read_architecture(config)
    if shape is None:
        return None
    try:
        return CompactDecoder(shape, map_files(files), storage, sample=sample)
    except (MissingTensor, SafetensorError, OSError):
        return None


def from_network(
    network: Any,
    config: Mapping[str, Any],
    storage: Storage,
    *,
    vectors: torch.Tensor | None = None,
    sample: Sequence[int] = (),
) -> CompactDecoder | None:
    """Take over the weights of a model of transformers, whose adapters are merged.

    Args:
        network: The model, on the CPU.
        config: Its config.json.
        storage: How matrices are kept in memory.
        vectors: A soft prompt, `(P, D)`: what ids beyond the vocabulary mean.
        sample: As for `CompactDecoder`.

    Returns:
        None where the architecture is none that is built here.
    """
    shape = read_architecture(config)
    if shape is None:
        return None
    weights = {name.replace(".embedding.weight", ".weight"): tensor for name, tensor in network.state_dict().items()}
    try:
        return CompactDecoder(shape, weights, storage, vectors=vectors, sample=sample)
    except MissingTensor:
        return None
