"""LoRA's linear layers, forward and backward in as few passes over memory as they need.

PEFT's own layer casts, scales and adds in steps of their own, each of which reads and writes a layer's whole output.
Here the adapter is added where the frozen product lies, and the frozen weight is laid out once for all steps.

Notation: M positions, I inputs, O outputs, R the rank; s is alpha / R, y = x W + b + s (x A) B.
"""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.lora.layer import Linear as LoraLinear
from torch import nn
from transformers.pytorch_utils import Conv1D

from engine.training.frozen import Frozen, Matrix


def quicken(model: Any) -> None:
    """Let the LoRA layers of a PEFT model take the quick way; parameters and their names stay as they are."""
    for module in model.modules():
        if type(module) is LoraLinear and isinstance(module.base_layer, nn.Linear | Conv1D):
            module.__class__ = QuickLora
            module._frozen = Frozen()


class QuickLora(LoraLinear):
    """PEFT's layer, computed at once while it learns; in all other cases just PEFT's."""

    _frozen: Frozen

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Map `(..., I)` to `(..., O)`."""
        name = self.active_adapters[0] if len(self.active_adapters) == 1 else ""
        if args or kwargs or not torch.is_grad_enabled() or x.device.type != "cpu" or not self._is_plain(name):
            return super().forward(x, *args, **kwargs)
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        base, down, up = self.base_layer, self.lora_A[name].weight, self.lora_B[name].weight
        with torch.autocast("cpu", enabled=False):
            rows = x.reshape(-1, x.shape[-1]).to(dtype)
            bias = None if base.bias is None else base.bias.to(dtype)
            matrix = self._frozen.matrix(base.weight, dtype, turned=not isinstance(base, Conv1D))
            arguments = (rows, matrix, bias, down, up, self.scaling[name])
            return _Adapted.apply(*arguments).view(*x.shape[:-1], -1)  # type: ignore[no-untyped-call]

    def _is_plain(self, name: str) -> bool:
        """Whether this is the LoRA of the paper, without what PEFT has added over time."""
        base = self.base_layer
        return bool(
            name in self.lora_A
            and not self.disable_adapters
            and not self.merged
            and name not in self.lora_variant
            and isinstance(self.lora_dropout[name], nn.Identity)
            and self.lora_A[name].bias is None
            and self.lora_B[name].bias is None
            and not base.weight.requires_grad
            and (base.bias is None or not base.bias.requires_grad)
        )


class _Adapted(torch.autograd.Function):
    @staticmethod
    def forward(  # noqa: PLR0917 - torch passes by position
        ctx: Any,
        rows: torch.Tensor,
        matrix: Matrix,
        bias: torch.Tensor | None,
        down: torch.Tensor,
        up: torch.Tensor,
        scale: float,
    ) -> torch.Tensor:
        """Args: `(M, I)`, `(I, O)`, `(O,)`, A' `(R, I)`, B' `(O, R)`; returns `(M, O)`."""
        narrow, wide = down.to(rows.dtype), (up * scale).to(rows.dtype)
        inner = rows @ narrow.T
        out = matrix.times(rows, bias)
        out.addmm_(inner, wide.T)
        ctx.save_for_backward(rows, inner, narrow, wide)
        ctx.matrix, ctx.scale, ctx.kinds = matrix, scale, (down.dtype, up.dtype)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, inner, narrow, wide = ctx.saved_tensors
        grad = grads[0].to(rows.dtype)
        to_inner = grad @ wide  # (M, R)
        to_down = (to_inner.T @ rows).to(ctx.kinds[0])
        to_up = (grad.T @ inner).to(ctx.kinds[1]).mul_(ctx.scale)
        to_rows = None
        if ctx.needs_input_grad[0]:
            to_rows = ctx.matrix.times_transposed(grad)
            to_rows.addmm_(to_inner, narrow)
        return to_rows, None, None, to_down, to_up, None
