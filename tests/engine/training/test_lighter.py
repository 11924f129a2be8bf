"""What is swapped for something lighter computes the same, and leaves no trace in what is saved."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.torch


def test_a_lighter_model_computes_the_same_and_is_saved_the_same(models: dict[str, Path], tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from engine.training.lighter import QuickDropout, QuickGelu, lighten
    from engine.training.segments import attend_by_segments

    model = AutoModelForCausalLM.from_pretrained(models["gpt2"]).eval()
    ids = torch.arange(60).view(2, 30)
    expected = model(input_ids=ids).logits.detach()
    model.save_pretrained(tmp_path / "before")
    lighten(model)
    assert attend_by_segments(model)
    assert type(model.transformer.h[0].mlp.act) is QuickGelu
    assert type(model.transformer.drop) is QuickDropout
    assert torch.allclose(model(input_ids=ids).logits, expected, atol=1e-5 * float(expected.abs().max()))
    model.save_pretrained(tmp_path / "after")
    for file in ("config.json", "model.safetensors"):
        assert (tmp_path / "after" / file).read_bytes() == (tmp_path / "before" / file).read_bytes(), file


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_dropout_drops_as_many_as_it_should_and_makes_up_for_them(dtype: str) -> None:
    import torch

    from engine.training.lighter import QuickDropout

    torch.manual_seed(0)
    numbers = torch.ones(3, 100_001, dtype=getattr(torch, dtype), requires_grad=True)
    dropout = QuickDropout(0.1)
    found = dropout(numbers)
    assert float((found == 0).float().mean()) == pytest.approx(0.1, abs=3e-3)
    assert float(found.float().mean().detach()) == pytest.approx(1, abs=5e-3)
    (gradient,) = torch.autograd.grad(found.sum(), numbers)
    assert torch.equal(gradient, found)
    assert not torch.equal(dropout(numbers), found)
    assert dropout.eval()(numbers) is numbers
