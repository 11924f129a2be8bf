"""Room for keys and values that grows under what is held."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.inference.compact.architecture import Architecture
from engine.inference.compact.keys import Keys

pytestmark = pytest.mark.torch

SHAPE = Architecture(
    family="llama", layers=3, heads=2, key_heads=2, head_width=4, width=8, inner_width=8, vocabulary=9, context=4096,
    epsilon=1e-5, activation="silu", tied=True,
)  # fmt: skip
HELD = torch.arange(3 * 2 * 2 * 5 * 4).float().view(3, 2, 2, 5, 4)


@pytest.fixture
def keys() -> Keys:
    """Five tokens, in the least room."""
    keys = Keys(SHAPE)
    keys.reserve(5)
    for layer, pair in enumerate(HELD):
        keys.put(layer, *pair)
    keys.grew(range(5))
    return keys


def assert_held_with_one_more(keys: Keys) -> None:
    keys.reserve(6)
    for layer, pair in enumerate(HELD):
        new = torch.full((2, 2, 1, 4), -1.0)
        expected = torch.cat((pair, new), 2)
        assert torch.equal(torch.cat(keys.put(layer, *new)), expected)
        assert torch.equal(torch.stack([torch.from_numpy(room[:, :6].copy()) for room in keys.room(layer)]), expected)


def test_what_is_held_stays_where_there_is_more_room(keys: Keys) -> None:
    before = keys.room(0)[0].shape[1]
    keys.reserve(before + 1)
    assert keys.room(0)[0].shape[1] > before
    assert_held_with_one_more(keys)


def test_memory_that_runs_out_in_the_middle_leaves_what_is_held(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    plenty, allocate = iter(range(3)), torch.empty

    def empty(*shape: int) -> Any:
        if next(plenty, None) is None:
            raise RuntimeError("can't allocate memory")
        return allocate(*shape)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "empty", empty)
        with pytest.raises(RuntimeError):
            keys.reserve(2000)
    assert_held_with_one_more(keys)


def test_no_more_than_the_window_is_given_room(keys: Keys) -> None:
    with pytest.raises(ValueError, match="4096"):
        keys.reserve(4097)
    keys.reserve(4096)
    assert keys.room(0)[0].shape[1] == 4096
