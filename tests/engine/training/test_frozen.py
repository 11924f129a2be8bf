"""What is laid out once gives the same numbers as torch's own products, forward and backward."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.torch


def outcome(model: Any, inputs: Any, *, autocast: bool) -> list[Any]:
    import torch

    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        out = model(inputs)
    return [out, *torch.autograd.grad(out.float().pow(2).sum(), [inputs])]


@pytest.mark.parametrize("kind", ["conv1d", "linear", "linear without bias"])
@pytest.mark.parametrize("autocast", [False, True])
def test_a_frozen_layer_gives_what_it_gave_before(kind: str, autocast: bool) -> None:
    import torch
    from torch import nn
    from transformers import GPT2Config, GPT2LMHeadModel
    from transformers.pytorch_utils import Conv1D

    from engine.training.frozen import quicken_frozen

    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=32, n_head=2, vocab_size=50)).requires_grad_(False)
    layer = Conv1D(96, 64) if kind == "conv1d" else nn.Linear(64, 96, bias=kind == "linear")
    model.extra = layer.requires_grad_(False)
    names, inputs = list(model.state_dict()), torch.randn(3, 7, 64, requires_grad=True)
    expected = outcome(layer, inputs, autocast=autocast)
    quicken_frozen(model)
    assert type(model.extra) is not type(Conv1D(1, 1))
    assert type(model.extra) is not nn.Linear
    assert type(model.lm_head) is nn.Linear
    assert list(model.state_dict()) == names
    for one, other in zip(outcome(layer, inputs, autocast=autocast), expected, strict=True):
        assert one.dtype == other.dtype
        scale = float(other.detach().abs().max())
        assert torch.allclose(one.float(), other.float(), atol=(2**-7 if autocast else 1e-6) * scale)


def test_a_layer_that_learns_still_does() -> None:
    import torch
    from torch import nn
    from transformers import GPT2Config, GPT2LMHeadModel

    from engine.training.frozen import quicken_frozen

    model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=32, n_head=2, vocab_size=50)).requires_grad_(False)
    model.extra = nn.Linear(8, 4).requires_grad_(False)
    quicken_frozen(model)
    model.extra.requires_grad_(True)
    with torch.autocast("cpu", torch.bfloat16):
        model.extra(torch.randn(2, 8)).sum().backward()
    assert float(model.extra.weight.grad.abs().max()) > 0


def test_a_head_that_does_not_learn_is_laid_out_once_and_anew_when_it_changes() -> None:
    import torch

    from engine.training.cross_entropy import summed_cross_entropy
    from engine.training.frozen import Frozen

    torch.manual_seed(0)
    head, targets, frozen = torch.randn(131, 32), torch.randint(131, (9,)), Frozen()

    def both() -> None:
        hidden = torch.randn(9, 32, requires_grad=True)
        found = []
        for keep in (None, frozen):
            with torch.autocast("cpu", torch.bfloat16):
                loss = summed_cross_entropy(hidden, head, None, targets, frozen=keep)
            found.append((loss.detach(), *torch.autograd.grad(loss, hidden)))
        (plain, to_plain), (kept, to_kept) = found
        assert torch.allclose(plain, kept, rtol=1e-3)
        assert torch.allclose(to_plain, to_kept, atol=2**-6 * float(to_plain.abs().max()))

    both()
    made = frozen.matrix(head, torch.bfloat16, turned=True, fill=True)
    both()
    assert frozen.matrix(head, torch.bfloat16, turned=True, fill=True) is made
    head.mul_(-1)
    both()
    assert frozen.matrix(head, torch.bfloat16, turned=True, fill=True) is not made
