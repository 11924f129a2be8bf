"""A weight matrix as it is kept in memory, and its product with rows of activations.

With one row the product is bound by how fast the weights are read: half the bytes, twice the speed. Shapes: a matrix
maps rows `(T, I)` to rows `(T, O)`.
"""

from __future__ import annotations

from typing import Literal, Protocol

import torch
from torch.nn import functional

Storage = Literal["float32", "float16", "int8"]
STORAGES: tuple[Storage, ...] = ("float32", "float16", "int8")

HAS_FBGEMM = "fbgemm" in torch.backends.quantized.supported_engines
HAS_ONEDNN = bool(torch._C._has_mkldnn) and hasattr(torch.ops.mkldnn, "_linear_pointwise")
"""Several rows are multiplied by it, 10 to 70 % faster than by MKL, which torch takes by itself (measured on Zen 4)."""
_FEW_ROWS = 4
"""Up to so many rows a plain float16 matrix is read as it is; for more, making float32 of it costs less."""


class Matrix(Protocol):
    """Multiplies rows by a weight matrix, and adds the bias where there is one."""

    size_bytes: int

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """From `(T, I)` to `(T, O)`, in float32."""


def matrix(weight: torch.Tensor, bias: torch.Tensor | None, storage: Storage) -> Matrix:
    """Put a matrix into memory.

    Args:
        weight: `(O, I)`, in any floating dtype, in any layout.
        bias: `(O,)`.
        storage: In which form. A matrix with numbers beyond float16 is kept in float32 instead.
    """
    bias = None if bias is None else bias.float().contiguous()
    if storage == "int8":
        from engine.inference.compact.eighths import Int8Matrix  # Numba takes a third of a second to import

        return Int8Matrix(weight, bias)
    if storage == "float16" and fits_float16(weight):
        return Float16Matrix(weight, bias) if HAS_FBGEMM else PlainFloat16Matrix(weight, bias)
    return Float32Matrix(weight, bias)


def fits_float16(weight: torch.Tensor) -> bool:
    """Whether no number is too large for it; no copy of them is made."""
    lowest, highest = weight.aminmax()
    return max(-float(lowest), float(highest)) < torch.finfo(torch.float16).max


class Float32Matrix:
    """The numbers as they are.

    One row against an `(O, I)` layout reaches half of the memory's speed where O is larger than I, and all of it
    against the transposed one; where O is smaller it is the other way round (measured: 13 and 22 GB/s).
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        outputs, inputs = weight.shape
        self._transposed = outputs > inputs
        laid_out = weight.t() if self._transposed else weight
        # A copy of its own, which lies in large pages of memory as a mapped file does not.
        self._weight = laid_out.contiguous().to(torch.float32, copy=laid_out.is_contiguous())
        self._bias = bias
        self.size_bytes = self._weight.nbytes

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """From `(T, I)` to `(T, O)`, in float32."""
        weight = self._weight.t() if self._transposed else self._weight
        if rows.shape[0] > 1 and HAS_ONEDNN:
            product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, self._bias, "none", [], "")
            return product
        return functional.linear(rows, weight, self._bias)


class Float16Matrix:
    """Weights in half precision, activations and sums in single: FBGEMM converts weights as it reads them."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        self._weight = torch.ops.quantized.linear_prepack_fp16(weight.float().contiguous(), bias)
        self.size_bytes = 2 * weight.numel()

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """From `(T, I)` to `(T, O)`, in float32."""
        product: torch.Tensor = torch.ops.quantized.linear_dynamic_fp16(rows, self._weight)
        return product


class PlainFloat16Matrix:
    """The same where there is no FBGEMM, which is made for x86.

    Rows are scaled to at most 1 before they are rounded, since float16 ends at 65,504 and activations do not.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        self._weight = weight.half().contiguous()
        self._bias = bias
        self.size_bytes = self._weight.nbytes

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """From `(T, I)` to `(T, O)`, in float32."""
        if rows.shape[0] > _FEW_ROWS:
            return functional.linear(rows, self._weight.float(), self._bias)
        scale = _scale(rows)
        product = functional.linear((rows / scale).half(), self._weight).float() * scale
        return product if self._bias is None else product + self._bias


def _scale(rows: torch.Tensor) -> torch.Tensor:
    """The largest magnitude of each row, `(T, 1)`, never 0."""
    return rows.abs().amax(1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
