"""A matrix in 8 bits against the one that it was made of, and attention of one row against torch's own."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from engine.inference.compact.architecture import Architecture
from engine.inference.compact.attention import attend
from engine.inference.compact.eighths import Int8Matrix
from engine.inference.compact.keys import Keys
from engine.inference.compact.row_attention import attend_row

pytestmark = pytest.mark.torch


def drawn(*shape: int, seed: int = 2) -> torch.Tensor:
    """Numbers of a normal distribution."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_a_loud_input_does_not_drown_the_others() -> None:
    weight, bias, rows = drawn(24, 64), drawn(24, seed=3), drawn(50, 64, seed=4)
    rows[:, 7] *= 1_000
    matrix = Int8Matrix(weight, bias)
    matrix(rows)
    others = rows.clone()
    others[:, 7] = 0
    for some in (others, others[:1]):
        assert float((matrix(some) - functional.linear(some, weight, bias)).abs().max()) < 0.3


@pytest.mark.parametrize(("outputs", "inputs"), [(24, 64), (130, 200), (16, 384), (8, 1600), (3, 5)])
def test_a_row_alone_and_among_others_gives_nearly_the_product(outputs: int, inputs: int) -> None:
    weight, bias, rows = drawn(outputs, inputs), drawn(outputs, seed=3), drawn(50, inputs, seed=4)
    matrix = Int8Matrix(weight, bias)
    together = matrix(rows)
    exact = functional.linear(rows, weight, bias)
    alone = torch.cat([matrix(row[None]) for row in rows])
    size = float(exact.std())
    assert float((together - exact).std()) < 0.012 * size
    assert float((alone - exact).std()) < 0.008 * size


def test_sums_of_a_wide_row_never_leave_32_bits() -> None:
    """All products have the same sign, and each is as large as can be."""
    matrix, row = Int8Matrix(torch.ones(4, 40_000), None), torch.full((1, 40_000), 3.0)
    matrix(row)
    torch.testing.assert_close(matrix(row), torch.full((1, 4), 120_000.0), rtol=1e-3, atol=0)


@pytest.mark.parametrize("threads", [2, 3])
def test_several_threads_give_what_one_gives(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.inference.compact.eighths._SHARE_BYTES", 64)
    matrix, rows = Int8Matrix(drawn(130, 64), drawn(130, seed=3)), drawn(2, 64, seed=4)
    matrix(rows)
    alone = matrix(rows[:1])
    torch.set_num_threads(threads)
    try:
        assert torch.equal(matrix(rows[:1]), alone)
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize("rows", [torch.zeros(1, 64), torch.zeros(3, 64)])
def test_silence_gives_the_bias(rows: torch.Tensor) -> None:
    bias = drawn(24, seed=3)
    matrix = Int8Matrix(drawn(24, 64), bias)
    matrix(drawn(9, 64, seed=4))
    torch.testing.assert_close(matrix(rows), bias.expand(len(rows), 24), rtol=0, atol=1e-3)


def test_the_first_rows_may_be_silent_and_weights_too() -> None:
    matrix = Int8Matrix(torch.zeros(24, 64), None)
    assert not matrix(torch.zeros(2, 64)).any()
    assert not matrix(drawn(1, 64)).any()


def test_rows_and_weights_may_lie_in_memory_as_they_like() -> None:
    weight, rows = drawn(64, 24).t(), drawn(64, 9, seed=4).t()
    plain, strided = Int8Matrix(weight.contiguous(), None), Int8Matrix(weight, None)
    for some in (rows, rows[:1]):
        torch.testing.assert_close(strided(some), plain(some.contiguous()), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("width", [4, 64, 80, 128])
@pytest.mark.parametrize("group", [1, 3])
@pytest.mark.parametrize("held", [0, 17, 40])
def test_one_token_sees_what_it_sees_by_torch_and_is_remembered(width: int, group: int, held: int) -> None:
    shape = Architecture(
        family="llama", layers=2, heads=2 * group, key_heads=2, head_width=width, width=8, inner_width=8, vocabulary=9,
        context=64, epsilon=1e-5, activation="silu", tied=True,
    )  # fmt: skip
    keys, queries, new = Keys(shape), 3 * drawn(2 * group, width), drawn(2, 2, 1, width, seed=3)
    keys.reserve(held + 1)
    if held:
        keys.put(1, *drawn(2, 2, held, width, seed=4))
        keys.grew(range(held))
    ours = attend_row(queries.numpy(), new[0, :, 0].numpy(), new[1, :, 0].numpy(), keys, 1)
    written = tuple(torch.from_numpy(room[:, held].copy()) for room in keys.room(1))
    assert torch.equal(torch.stack(written), new[:, :, 0])
    theirs = attend(queries[:, None], *keys.put(1, *new))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("count", [1, 3])
def test_an_input_that_is_not_finite_is_not_hidden(bad: float, count: int) -> None:
    matrix = Int8Matrix(drawn(24, 64), None)
    matrix(drawn(9, 64, seed=4))
    for place in range(64):
        rows = drawn(count, 64, seed=5)
        rows[0, place] = bad
        product = matrix(rows)
        assert not product[0].isfinite().any()
        assert product[1:].isfinite().all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_weight_that_is_not_finite_is_not_hidden(bad: float) -> None:
    weight, rows = drawn(24, 64), drawn(9, 64, seed=4)
    weight[3, 7] = bad
    matrix = Int8Matrix(weight, None)
    for some in (rows, rows[:1]):
        finite = matrix(some).isfinite()
        assert not finite[:, 3].any()
        assert finite[:, :3].all()
        assert finite[:, 4:].all()


@pytest.mark.parametrize("count", [1, 3])
def test_hardly_anything_is_not_taken_for_much(count: int) -> None:
    weight, rows = drawn(24, 64), drawn(9, 64, seed=4)
    matrix = Int8Matrix(weight, None)
    matrix(rows)
    for size in (1e-30, 1e-38, 1e-42):
        product = matrix(rows[:count] * size)
        assert float(product.abs().max()) < 100 * size + 1e-36


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize("part", ["queries", "keys", "values"])
def test_attention_to_what_is_not_finite_is_not_hidden(bad: float, part: str) -> None:
    shape = Architecture(
        family="llama", layers=1, heads=2, key_heads=2, head_width=8, width=8, inner_width=8, vocabulary=9,
        context=64, epsilon=1e-5, activation="silu", tied=True,
    )  # fmt: skip
    queries, new, keys = drawn(2, 8), drawn(2, 2, 1, 8, seed=3), Keys(shape)
    keys.reserve(18)
    keys.put(0, *drawn(2, 2, 17, 8, seed=4))
    keys.grew(range(17))
    new_of = {"queries": queries, "keys": new[0, :, 0], "values": new[1, :, 0]}
    new_of[part][1] *= bad
    ours = attend_row(queries.numpy(), new[0, :, 0].numpy(), new[1, :, 0].numpy(), keys, 0)
    theirs = attend(queries[:, None], *keys.put(0, *new))
    assert torch.equal(ours.isfinite(), theirs.isfinite())
    torch.testing.assert_close(ours[:, :8], theirs[:, :8], rtol=1e-4, atol=1e-5)
