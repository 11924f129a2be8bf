"""Loops in bfloat16 give what torch gives in float32, rounded."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True, params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Any:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


def close(found: Any, expected: Any) -> bool:
    """To one in the last of 8 binary digits."""
    import torch

    return torch.allclose(found.float(), expected.float(), rtol=2**-7, atol=1e-6)


def test_the_activation_and_its_gradient_are_those_of_the_formula() -> None:
    import torch

    from engine.training.kernels import activate, activate_back

    torch.manual_seed(0)
    inputs = torch.cat((torch.randn(300, 301).view(-1) * 3, torch.tensor([0.0, -50.0, 50.0, -1e-3]))).bfloat16()
    grads = torch.randn_like(inputs)
    exact = inputs.float().requires_grad_()
    out = torch.nn.functional.gelu(exact, approximate="tanh")
    (to_inputs,) = torch.autograd.grad(out, exact, grads.float())
    assert close(activate(inputs), out)
    assert torch.allclose(activate_back(grads, inputs).float(), to_inputs, rtol=2**-7, atol=1e-5)


def test_losses_and_errors_are_those_of_the_softmax() -> None:
    import torch

    from engine.training.kernels import losses_and_errors

    torch.manual_seed(0)
    logits = (torch.randn(67, 1088) * 4).bfloat16()
    targets = torch.randint(1070, (67,))
    errors = logits.clone()
    losses = losses_and_errors(errors, targets, 1070)
    exact = logits[:, :1070].float().requires_grad_()
    expected = torch.nn.functional.cross_entropy(exact, targets, reduction="none")
    assert torch.allclose(losses, expected, atol=1e-4)
    assert close(errors[:, :1070], torch.autograd.grad(expected.sum(), exact)[0])
    assert not errors[:, 1070:].any()


def test_what_is_not_finite_is_not_hidden() -> None:
    import torch

    from engine.training.kernels import activate, losses_and_errors

    assert bool(activate(torch.tensor([1.0, float("nan")]).bfloat16()).isnan()[1])
    logits = torch.zeros(2, 64).bfloat16()
    logits[0, 3], logits[1, 3] = float("nan"), float("inf")
    assert not losses_and_errors(logits, torch.tensor([1, 1]), 64).isfinite().any()


def test_dropout_is_the_same_for_the_same_seed_however_many_threads_there_are() -> None:
    import torch

    from engine.training.kernels import drop

    numbers = torch.ones(400, 401).bfloat16()
    found = drop(numbers, 0.1, 7)
    assert float((found == 0).float().mean()) == pytest.approx(0.1, abs=5e-3)
    assert float(found.float().mean()) == pytest.approx(1, abs=1e-2)
    assert torch.equal(drop(numbers, 0.1, 7), found)
    assert not torch.equal(drop(numbers, 0.1, 8), found)
    assert not torch.equal(drop(numbers, 0.1, 7 + 2**40), found)
    torch.set_num_threads(3)
    assert torch.equal(drop(numbers, 0.1, 7), found)


def test_neighbours_and_steps_fall_independently() -> None:
    import torch

    from engine.training.kernels import drop

    first, second = (drop(torch.ones(500, 500).bfloat16(), 0.5, seed).bool().float() for seed in (1, 2))
    for one, other in ((first, second), (first[:, 1:], first[:, :-1]), (first[1:], first[:-1])):
        together = torch.stack((one.reshape(-1), other.reshape(-1)))
        assert abs(float(torch.corrcoef(together)[0, 1])) < 0.01
