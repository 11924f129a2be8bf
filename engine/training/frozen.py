"""Matrices that do not learn, laid out once for all the products with them.

oneDNN multiplies by a matrix that lies in blocks of its registers' size; in bfloat16 torch otherwise casts it and
brings it into that shape anew in each product, a twentieth of its time. The numbers are the same, bit for bit.

Notation: M rows, I inputs, O outputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

_ROWS = 2048
"""For which the layout is chosen; it serves any number."""
_ROUND = 64
"""GPT-2's 50,257 columns lie askew in memory: filled up, products with them are a tenth quicker."""


class Matrix:
    """One matrix, `(I, O)`, in one type."""

    def __init__(self, weight: torch.Tensor, dtype: torch.dtype, *, once: bool = False) -> None:
        """Cast it and lay it out.

        Args:
            weight: `(I, O)`.
            dtype: To multiply in.
            once: It soon changes: to lay it out would take longer than that saves.
        """
        self.dtype, self.outputs = dtype, weight.shape[1]
        cast = weight.detach().to(dtype)
        self._plain: torch.Tensor | None = None
        if not once and dtype == torch.bfloat16 and cast.device.type == "cpu" and torch._C._has_mkldnn:
            ops = torch.ops.mkldnn
            self._forth = ops._reorder_linear_weight(cast.T.contiguous(), _ROWS)
            self._back = ops._reorder_linear_weight(cast.contiguous(), _ROWS)
        else:
            self._plain = cast

    def times(self, rows: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        """Rows `(M, I)` times it, and the bias `(O,)` added: `(M, O)`."""
        if self._plain is None:
            return _product(rows, self._forth, bias)
        return rows @ self._plain if bias is None else torch.addmm(bias, rows, self._plain)

    def times_transposed(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows `(M, O)` times its transpose: `(M, I)`."""
        return _product(rows, self._back, None) if self._plain is None else rows @ self._plain.T


def _product(rows: torch.Tensor, laid_out: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows.contiguous(), laid_out, bias, "none", [], "")
    return product


class Frozen:
    """What was made of a weight, for as long as the weight is what it was."""

    def __init__(self) -> None:
        self._made: tuple[torch.Tensor, int, Matrix] | None = None

    def matrix(self, weight: torch.Tensor, dtype: torch.dtype, *, turned: bool, fill: bool = False) -> Matrix:
        """Make it where that has not been done.

        Args:
            weight: `(I, O)`, or `(O, I)` where it is turned.
            dtype: To multiply in.
            turned: How it lies.
            fill: Whether a turned one is filled up, as `filled_up` does it.
        """
        made = self._made
        if made is None or made[0] is not weight or made[1] != weight._version or made[2].dtype != dtype:
            source = filled_up(weight, dtype) if fill else weight
            made = (weight, weight._version, Matrix(source.T if turned else source, dtype))
            self._made = made
        return made[2]


def filled_up(weight: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A weight `(O, I)` with rows of zeros to a round number; itself where it is round already and of that type."""
    room = -len(weight) % _ROUND
    if not room:
        return weight.detach().to(dtype)
    filled = weight.new_empty(len(weight) + room, weight.shape[1], dtype=dtype)
    filled[: len(weight)] = weight.detach()
    filled[len(weight) :] = 0
    return filled


class _FrozenLayer(nn.Module):
    """A linear layer that does not learn, while others do."""

    _frozen: Frozen

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map `(..., I)` to `(..., O)`."""
        weight: Any = self.weight
        bias: Any = self.bias
        learns = weight.requires_grad or (bias is not None and bias.requires_grad)
        if learns or not torch.is_grad_enabled() or not torch.is_autocast_enabled("cpu") or x.device.type != "cpu":
            out: torch.Tensor = super().forward(x)
            return out
        dtype = torch.get_autocast_dtype("cpu")
        with torch.autocast("cpu", enabled=False):
            matrix = self._frozen.matrix(weight, dtype, turned=isinstance(self, nn.Linear))
            rows = x.reshape(-1, x.shape[-1]).to(dtype)
            arguments = (rows, matrix, None if bias is None else bias.to(dtype))
            return _Times.apply(*arguments).view(*x.shape[:-1], -1)  # type: ignore[no-untyped-call]


class _FrozenLinear(_FrozenLayer, nn.Linear):
    pass


class _FrozenConv1D(_FrozenLayer, Conv1D):
    pass


def quicken_frozen(model: Any) -> None:
    """Let the linear layers of a model be laid out where they don't learn; names and parameters stay as they are."""
    head = model.get_output_embeddings()
    for module in model.modules():
        kind = {nn.Linear: _FrozenLinear, Conv1D: _FrozenConv1D}.get(type(module))
        if kind is not None and module is not head and not module.weight.requires_grad:
            module.__class__ = kind
            module._frozen = Frozen()


class _Times(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, matrix: Matrix, bias: torch.Tensor | None) -> torch.Tensor:
        """Args: `(M, I)`, `(I, O)`, `(O,)`; returns `(M, O)`."""
        ctx.matrix = matrix
        return matrix.times(rows, bias)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        to_rows = ctx.matrix.times_transposed(grads[0].to(ctx.matrix.dtype)) if ctx.needs_input_grad[0] else None
        return to_rows, None, None
