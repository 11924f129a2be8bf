"""Cross-entropy over a large vocabulary without ever holding all of its logits.

Notation: M trained positions, D the model's width, V the vocabulary, W the vocabulary filled up to a round number.
"""

from __future__ import annotations

from typing import Any

import torch

from engine.training.frozen import Frozen, Matrix, filled_up

_BLOCK_BYTES = 52 * 1024 * 1024
"""Of logits at once: 512 positions in bfloat16 with GPT-2's vocabulary."""
_BLOCKS_OF_HEAD = 4
"""So many times as much where the head learns: fewer additions of a gradient that is as large as the head."""
_ROWS_AT_ONCE = 8
"""The softmax of so many rows stays in the processor's cache."""
_COLUMNS_AT_ONCE = 8192


def summed_cross_entropy(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    targets: torch.Tensor,
    *,
    frozen: Frozen | None = None,
) -> torch.Tensor:
    """Sum of -log p(target) in nats, as a scalar in float32.

    The gradients are computed with the loss, a block of positions at a time, and logits become errors where they are:
    as many operations as the plain way, and a quarter of its memory with GPT-2's vocabulary.

    Args:
        hidden: What goes into the head, `(M, D)`.
        weight: The head's, `(V, D)`.
        bias: The head's, `(V,)`, or None.
        targets: Ids, `(M,)`; all of them count.
        frozen: Keeps the weight, cast and laid out, for the next time, where it does not learn.
    """
    if torch.is_autocast_enabled(hidden.device.type):
        dtype = torch.get_autocast_dtype(hidden.device.type)
    else:
        dtype = hidden.dtype
    with torch.autocast(hidden.device.type, enabled=False):
        if frozen is None or weight.requires_grad:
            matrix = Matrix(filled_up(weight, dtype).T, dtype, once=True)
        else:
            matrix = frozen.matrix(weight, dtype, turned=True, fill=True)
        arguments = (hidden, weight, matrix, bias, targets, torch.is_grad_enabled())
        return _SummedCrossEntropy.apply(*arguments)  # type: ignore[no-untyped-call]


class _SummedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(  # noqa: PLR0917 - torch passes by position
        ctx: Any,
        hidden: torch.Tensor,
        weight: torch.Tensor,
        matrix: Matrix,
        bias: torch.Tensor | None,
        targets: torch.Tensor,
        wants_grad: bool,
    ) -> torch.Tensor:
        dtype = matrix.dtype
        states = hidden.to(dtype)
        wants_hidden = wants_grad and hidden.requires_grad
        wants_weight = wants_grad and weight.requires_grad
        wants_bias = wants_grad and bias is not None and bias.requires_grad
        grad_hidden = torch.empty_like(states) if wants_hidden else None
        grad_weight = torch.empty_like(weight, dtype=torch.float32) if wants_weight else None
        grad_bias = torch.zeros_like(bias, dtype=torch.float32) if wants_bias and bias is not None else None
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        room = _BLOCK_BYTES * (_BLOCKS_OF_HEAD if wants_weight else 1)
        rows = max(1, min(len(states), room // (matrix.outputs * dtype.itemsize)))
        for start in range(0, len(states), rows):
            part, wanted = states[start : start + rows], targets[start : start + rows]
            logits = matrix.times(part, None)
            if bias is not None:
                logits[:, : len(bias)] += bias.to(dtype)
            total += _losses_and_errors(logits, wanted, len(weight)).sum()
            if grad_hidden is not None:
                grad_hidden[start : start + rows] = matrix.times_transposed(logits)
            if grad_weight is not None:
                _add_products(grad_weight, logits, part, is_first=start == 0)
            if grad_bias is not None:
                grad_bias += logits[:, : len(grad_bias)].sum(0, dtype=torch.float32)
            del logits  # before there is room for the next ones
        if grad_weight is not None and len(states) == 0:
            grad_weight.zero_()
        ctx.grads = (None if grad_hidden is None else grad_hidden.to(hidden.dtype), grad_weight, grad_bias)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        scale = grads[0]
        scaled = [None if grad is None else grad.mul_(scale.to(grad.dtype)) for grad in ctx.grads]
        ctx.grads = ()
        return (scaled[0], scaled[1], None, scaled[2], None, None)


def _losses_and_errors(logits: torch.Tensor, wanted: torch.Tensor, columns: int) -> torch.Tensor:
    """The loss of each row, `(M,)` in float32; the logits `(M, W)` become their gradients, softmax less the target."""
    if logits.dtype == torch.bfloat16 and logits.device.type == "cpu":
        from engine.training.kernels import losses_and_errors

        return losses_and_errors(logits, wanted, columns)
    logits[:, columns:] = -torch.inf
    places = torch.arange(len(logits), device=logits.device)
    aims = logits[places, wanted].float()
    sums = torch.empty_like(aims)
    rows = _ROWS_AT_ONCE if logits.device.type == "cpu" else len(logits)
    for start in range(0, len(logits), rows):
        part = logits[start : start + rows]
        powers = part.float()
        top = powers.amax(1, keepdim=True)
        powers.sub_(top).exp_()
        sizes = powers.sum(1, keepdim=True)
        sums[start : start + rows] = (top + sizes.log()).view(-1)
        part.copy_(powers.mul_(sizes.reciprocal_()))
    logits[places, wanted] -= 1
    return sums - aims


def _add_products(total: torch.Tensor, errors: torch.Tensor, states: torch.Tensor, *, is_first: bool) -> None:
    """Add errors' x states to the gradient of the head, `(V, D)`, some columns of the vocabulary at a time."""
    for start in range(0, len(total), _COLUMNS_AT_ONCE):
        end = min(start + _COLUMNS_AT_ONCE, len(total))
        product = errors[:, start:end].T @ states
        if is_first:
            total[start:end] = product
        else:
            total[start:end] += product
