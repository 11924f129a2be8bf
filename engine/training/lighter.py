"""Modules of a model for ones that compute the same in less time. Nothing of them is saved with the weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

_CHANCES = 2**16


def lighten(model: Any) -> None:
    """Swap what can be swapped, in place.

    GPT-2's activation is a formula of eight operations in transformers: 75 ms, forward and backward, for 2,048 tokens
    and 3,072 numbers, on one core. Torch's one kernel for it takes 25, and a loop in bfloat16 takes 6. Torch's dropout
    draws numbers in double precision, one at a time.
    """
    from transformers.activations import NewGELUActivation

    for parent in model.modules():
        for name, module in parent.named_children():
            if type(module) is NewGELUActivation:
                setattr(parent, name, QuickGelu(approximate="tanh").train(module.training))
            elif type(module) is nn.Dropout and not module.inplace:
                setattr(parent, name, QuickDropout(module.p).train(module.training))


def _suits_kernels(numbers: torch.Tensor) -> bool:
    return numbers.dtype == torch.bfloat16 and numbers.device.type == "cpu" and not torch.compiler.is_compiling()


class QuickGelu(nn.GELU):
    """GELU by its tanh formula, in a loop of its own while it learns in bfloat16."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Activate."""
        if not torch.is_grad_enabled() or not _suits_kernels(input):
            return super().forward(input)
        return _Activated.apply(input.contiguous())  # type: ignore[no-untyped-call]


class _Activated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: torch.Tensor) -> torch.Tensor:
        from engine.training.kernels import activate

        ctx.save_for_backward(inputs)
        return activate(inputs)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
        from engine.training.kernels import activate_back

        (inputs,) = ctx.saved_tensors
        return activate_back(grads[0].contiguous(), inputs)


class _Dropped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: torch.Tensor, chance: float, seed: int) -> torch.Tensor:
        from engine.training.kernels import drop

        ctx.chance, ctx.seed = chance, seed
        return drop(inputs, chance, seed)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        from engine.training.kernels import drop

        return drop(grads[0].contiguous(), ctx.chance, ctx.seed), None, None


class QuickDropout(nn.Dropout):
    """Dropout that draws 16 random bits for each number: the chance is `p`, to 1 / 131,072.

    In bfloat16 it draws a seed, of which each number's fate is a hash: nothing has to be kept for the backward pass.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Drop, while training; otherwise give back what came in."""
        if not self.training or self.p == 0 or input.device.type != "cpu":
            return super().forward(input)
        if self.p < 1 and _suits_kernels(input):
            seed = int(torch.randint(2**62, (1,)))
            return _Dropped.apply(input.contiguous(), self.p, seed)  # type: ignore[no-untyped-call]
        return input * keep(input, self.p)


def keep(like: torch.Tensor, chance: float) -> torch.Tensor:
    """A tensor of zeros, with that chance, and of what makes up for them.

    Args:
        like: Of the same shape and type.
        chance: Below 1.
    """
    count = like.numel()
    words = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    bits = words.view(torch.int16)[:count].view(like.shape)
    dropped = min(_CHANCES - 1, round(chance * _CHANCES))
    return bits.ge(dropped - _CHANCES // 2).to(like.dtype).mul_(_CHANCES / (_CHANCES - dropped))
