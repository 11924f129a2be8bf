"""The weights of a model by their names, whatever stands before them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from engine.inference.compact.matrices import Matrix, Storage, fits_float16, matrix


class MissingTensor(Exception):
    """A weight is not there, or has another shape than the config says."""


class Tensors:
    """Hands out weights, and remembers which were asked for."""

    def __init__(self, tensors: Mapping[str, torch.Tensor], storage: Storage) -> None:
        """Take weights.

        Args:
            tensors: As `save_pretrained` names them, or as a model's `state_dict` does.
            storage: How matrices are kept.
        """
        self._tensors = tensors
        self.storage = storage
        self.parameters = 0
        """Numbers handed out so far."""
        self.size_bytes = 0
        """What they take in memory, as they are kept."""

    def vector(self, name: str, size: int) -> torch.Tensor:
        """A bias or the weight of a norm, `(size,)`, in float32.

        Raises:
            MissingTensor: There is none of this size.
        """
        vector = self._checked(name, (size,)).to(torch.float32, copy=True).contiguous()
        self.size_bytes += vector.nbytes
        return vector

    def table(self, name: str, rows: int, width: int, *, shared: bool = False) -> torch.Tensor:
        """An embedding `(rows, width)`, in the dtype of the file.

        Args:
            name: Of the weight.
            rows: Of the table.
            width: Of each row.
            shared: It is counted where the head is made of it.

        Raises:
            MissingTensor: There is none of this size.
        """
        table = self._checked(name, (rows, width))
        self.size_bytes += 0 if shared else table.nbytes
        return table

    def matrix(self, names: tuple[str, ...], shapes: tuple[tuple[int, int], ...], *, biased: bool) -> Matrix:
        """Matrices that take the same rows, as one.

        Args:
            names: Without `.weight` and `.bias`.
            shapes: `(O, I)` of each.
            biased: Whether each has a bias.

        Raises:
            MissingTensor: One is not there.
        """
        weights = [self._checked(f"{name}.weight", shape).float() for name, shape in zip(names, shapes, strict=True)]
        biases = (
            [self.vector(f"{name}.bias", shape[0]) for name, shape in zip(names, shapes, strict=True)] if biased else []
        )
        return self._kept(matrix(_joined(weights), _joined(biases) if biased else None, self.storage))

    def transposed_matrix(self, name: str, inputs: int, outputs: int) -> Matrix:
        """A matrix with a bias that is kept the other way round, `(I, O)`, as GPT-2 does.

        Raises:
            MissingTensor: It is not there.
        """
        weight = self._checked(f"{name}.weight", (inputs, outputs))
        return self._kept(matrix(weight.t(), self.vector(f"{name}.bias", outputs), self.storage))

    def head(self, weight: torch.Tensor) -> Matrix:
        """The output head, `(V, D)`."""
        return self._kept(matrix(weight, None, self.storage))

    def looked_up(self, table: torch.Tensor) -> torch.Tensor:
        """An embedding for as long as the model lives: its rows are added, so float16 will do where matrices have less.

        In float32 it stays what the file has. Else nothing refers to the file afterwards, which leaves the memory.
        """
        if self.storage == "float32" or not fits_float16(table):
            return table
        return table.to(torch.float16, copy=True)

    def _kept(self, made: Matrix) -> Matrix:
        self.size_bytes += made.size_bytes
        return made

    def _checked(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        tensor = self._tensors.get(name)
        if tensor is None or tuple(tensor.shape) != shape or not tensor.is_floating_point():
            raise MissingTensor(name)
        self.parameters += tensor.numel()
        return tensor.detach()


def map_files(files: tuple[Path, ...]) -> dict[str, torch.Tensor]:
    """Map safetensors files into memory: a weight that is never touched is never read.

    Raises:
        OSError: A file can't be read.
        safetensors.SafetensorError: It is damaged.
    """
    from safetensors.torch import load_file

    tensors: dict[str, torch.Tensor] = {}
    for file in files:
        tensors.update(load_file(file))
    return tensors


def without_prefix(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Names with `prefix` taken off where they have it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}


def _joined(tensors: list[torch.Tensor]) -> torch.Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(tensors)
