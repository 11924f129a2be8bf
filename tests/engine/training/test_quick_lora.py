"""LoRA in one go gives what PEFT gives, forward and backward, and stands back where it is not plain LoRA."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:.*fan_in_fan_out:UserWarning")]


def make_layers(kind: str, *, dropout: float = 0.0) -> Any:
    """One adapted layer in a model, of a Conv1D or a linear."""
    import torch
    from peft import LoraConfig, get_peft_model
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    torch.manual_seed(0)
    layer: nn.Module = Conv1D(24, 16) if kind == "conv1d" else nn.Linear(16, 24, bias=kind == "linear")
    config = LoraConfig(r=4, lora_alpha=6, lora_dropout=dropout, target_modules=["0"], fan_in_fan_out=kind == "conv1d")
    model = get_peft_model(nn.Sequential(layer), config)
    nn.init.normal_(model.base_model.model[0].lora_B["default"].weight)
    return model


def outcome(model: Any, dtype: str) -> list[Any]:
    import torch

    torch.manual_seed(1)
    states = torch.randn(2, 5, 16, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
        out = model.base_model.model(states)
    learned = [one for one in model.parameters() if one.requires_grad]
    assert len(learned) == 2
    return [out, *torch.autograd.grad((out.float() * torch.randn(2, 5, 24)).sum(), [states, *learned])]


@pytest.mark.parametrize("kind", ["conv1d", "linear", "linear without bias"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_outputs_and_gradients_are_those_of_peft(kind: str, dtype: str) -> None:
    import torch

    from engine.training.quick_lora import QuickLora, quicken

    model = make_layers(kind)
    expected, names = outcome(model, dtype), list(model.state_dict())
    quicken(model)
    assert type(model.base_model.model[0]) is QuickLora
    assert list(model.state_dict()) == names
    for one, other in zip(outcome(model, dtype), expected, strict=True):
        assert one.dtype == other.dtype
        scale = float(other.detach().abs().max())  # bfloat16 knows 8 binary digits
        assert torch.allclose(one.float(), other.float(), atol=(1e-6 if dtype == "float32" else 2**-6) * scale)


def test_a_frozen_weight_that_changes_is_cast_anew() -> None:
    import torch

    from engine.training.quick_lora import quicken

    model = make_layers("conv1d")
    quicken(model)
    before = outcome(model, "bfloat16")[0]
    with torch.no_grad():
        model.base_model.model[0].base_layer.weight.add_(1)
    assert not torch.allclose(outcome(model, "bfloat16")[0], before, atol=0.5)


@pytest.mark.parametrize("case", ["dropout", "disabled", "merged"])
def test_what_is_not_plain_is_left_to_peft(case: str) -> None:
    import torch

    from engine.training.quick_lora import quicken

    model = make_layers("linear", dropout=0.5 if case == "dropout" else 0.0)
    plain = make_layers("linear", dropout=0.5 if case == "dropout" else 0.0)
    quicken(model)
    for one in (model, plain):
        if case == "disabled":
            one.base_model.disable_adapter_layers()
        elif case == "merged":
            one.base_model.merge_adapter()
    torch.manual_seed(2)
    found = model.base_model.model(torch.ones(1, 16))
    torch.manual_seed(2)
    assert torch.equal(found, plain.base_model.model(torch.ones(1, 16)))
