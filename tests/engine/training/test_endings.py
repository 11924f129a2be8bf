"""Whether a model can learn where a text ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.training.endings import can_learn_to_stop

pytestmark = pytest.mark.torch


class Head:
    """A model of which only the output layer matters, `(V, D)`."""

    def __init__(self, weight: Any) -> None:
        self.weight = weight

    def get_output_embeddings(self) -> Head:
        return self


def test_an_end_that_is_like_many_other_tokens_can_not_be_learned() -> None:
    import torch

    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(64, 32, generator=generator)
    assert can_learn_to_stop(Head(weight), 2)
    weight[2:20] = weight[2] + 1e-4 * torch.randn(18, 32, generator=generator)
    assert not can_learn_to_stop(Head(weight), 2)
    assert can_learn_to_stop(Head(weight), 40)
    assert can_learn_to_stop(Head(weight), None)
    assert can_learn_to_stop(Head(weight.requires_grad_()), 2)


@pytest.mark.data
def test_the_small_stories_model_never_saw_an_end_and_the_starter_did(data: Path) -> None:
    from transformers import AutoModelForCausalLM

    from engine.starter import FOLDER

    for folder, end, expected in ((data / "stories260k", 2, False), (FOLDER, 0, True)):
        model = AutoModelForCausalLM.from_pretrained(folder).requires_grad_(False)
        assert can_learn_to_stop(model, end) == expected
