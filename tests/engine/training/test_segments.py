"""Attention text by text gives what torch's own gives behind a mask, and is taken for no other mask."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.torch
LENGTHS = ((9, 4, 1, 1), (15,), (1, 1, 13))


def block_mask(lengths: tuple[tuple[int, ...], ...] = LENGTHS) -> Any:
    """What each position sees, `(B, 1, T, T)`."""
    import torch

    columns = sum(lengths[0])
    mask = torch.zeros(len(lengths), 1, columns, columns, dtype=torch.bool)
    for pack, sizes in enumerate(lengths):
        start = 0
        for size in sizes:
            mask[pack, 0, start : start + size, start : start + size] = torch.ones(size, size).tril().bool()
            start += size
    return mask


def test_the_texts_are_found_in_the_mask() -> None:
    from engine.training.segments import Segment, find_segments

    assert find_segments(block_mask()) == (
        Segment(0, 0, 9),
        Segment(0, 9, 4),
        Segment(0, 13, 2, alone=True),
        Segment(1, 0, 15),
        Segment(2, 0, 2, alone=True),
        Segment(2, 2, 13),
    )


@pytest.mark.parametrize("case", ["window", "padding", "future", "another text", "blind", "numbers", "by head"])
def test_another_mask_is_left_to_torch(case: str) -> None:
    import torch

    from engine.training.segments import find_segments

    mask = block_mask()
    if case == "window":
        mask &= torch.ones(15, 15).triu(-3).bool()
    elif case == "padding":
        mask[1, 0, :, 0] = False
    elif case == "future":
        mask[0, 0, 2, 3] = True
    elif case == "another text":
        mask[0, 0, 10, 2] = True
    elif case == "blind":
        mask[1, 0, 4] = False
    elif case == "by head":
        mask = mask.expand(-1, 2, -1, -1)
    else:
        mask = torch.where(mask, 0.0, -1e9)
    assert find_segments(mask) is None


@pytest.mark.parametrize("key_heads", [6, 2, 1])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("at_once", [4, 128])
def test_outputs_and_gradients_are_those_of_torch(
    key_heads: int, masked: bool, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from engine.training import segments
    from engine.training.segments import find_segments, segmented_attention

    monkeypatch.setattr(segments, "_QUERIES_AT_ONCE", at_once)
    torch.manual_seed(0)
    module = torch.nn.Module()
    mask = block_mask() if masked else None
    states = [torch.randn(3, 15, heads, 8, requires_grad=True) for heads in (6, key_heads, key_heads)]
    query, key, value = (one.transpose(1, 2) for one in states)
    plain = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, is_causal=not masked, scale=0.3, enable_gqa=True
    ).transpose(1, 2)
    if mask is not None:
        mask.segments = find_segments(mask)
    found, _ = segmented_attention(module, query, key, value, mask, scaling=0.3)
    weights = torch.randn_like(plain)
    expected = torch.autograd.grad((plain * weights).sum(), states)
    gradients = torch.autograd.grad((found * weights).sum(), states)
    assert torch.allclose(found, plain, atol=1e-5)
    for one, other in zip(gradients, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
