"""Passes over numbers in bfloat16, each in one loop where torch takes several or a slow one.

They compute in float32 and round to the nearest, ties to even, as torch does. Numbers that are not finite stay so.

bfloat16 has no type in numpy: arrays are its bits, in uint16.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
import torch

from engine.inference.machine_code import compiled
from engine.inference.shares import run_shares, shares

Array = np.ndarray[Any, Any]
_F = TypeVar("_F", bound=Callable[..., Any])
_ALONE = 2**16
"""Fewer numbers are not worth a second thread."""
_BITS, _HALF, _ONE = np.uint32(16), np.uint32(0x7FFF), np.float32(1)
_LOG2_E = np.float32(1.4426950408889634)
_STEEP = np.float32(2 * 0.7978845608028654)
_CUBIC = np.float32(0.044715)
_LOWEST, _HIGHEST = np.float32(-126), np.float32(126)
_P5, _P4, _P3 = np.float32(1.8775767e-3), np.float32(8.9893397e-3), np.float32(5.5826318e-2)
_P2, _P1, _P0 = np.float32(2.4015361e-1), np.float32(6.9315308e-1), np.float32(9.9999994e-1)


def _inlined(function: _F) -> _F:
    made: _F = numba.njit(inline="always")(function)
    return made


@_inlined
def _wide(bits: Any) -> Any:
    return np.uint32(np.uint32(bits) << _BITS).view(np.float32)


@_inlined
def _narrow(value: Any) -> Any:
    bits = np.float32(value).view(np.uint32)
    return np.uint16(np.uint32(bits + _HALF + ((bits >> _BITS) & np.uint32(1))) >> _BITS)


@_inlined
def _power_of_2(exponent: Any) -> Any:
    """A polynomial for the fraction, to 2e-7; the whole part goes into the bits."""
    low = _LOWEST if exponent < _LOWEST else exponent
    held = _HIGHEST if low > _HIGHEST else low
    whole = np.rint(held)
    part = np.float32(held - whole)
    power = ((((_P5 * part + _P4) * part + _P3) * part + _P2) * part + _P1) * part + _P0
    return np.float32(power * np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32))


@compiled
def _activate(inputs: Array, outputs: Array) -> None:
    for place in range(inputs.size):
        x = _wide(inputs[place])
        inner = _STEEP * x * (_ONE + _CUBIC * x * x)
        outputs[place] = _narrow(x / (_ONE + _power_of_2(-_LOG2_E * inner)))


@compiled
def _activate_back(grads: Array, inputs: Array, outputs: Array) -> None:
    for place in range(inputs.size):
        x = _wide(inputs[place])
        inner = _STEEP * x * (_ONE + _CUBIC * x * x)
        gate = _ONE / (_ONE + _power_of_2(-_LOG2_E * inner))
        slope = gate + x * gate * (_ONE - gate) * _STEEP * (_ONE + np.float32(3) * _CUBIC * x * x)
        outputs[place] = _narrow(_wide(grads[place]) * slope)


@compiled
def _drop(  # noqa: PLR0917 - compiled loops take no names
    inputs: Array, outputs: Array, first: int, seed: int, limit: int, scale: float
) -> None:
    """Which are dropped is a hash of seed and place."""
    low, high = np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32)
    least, factor = np.uint32(limit), np.float32(scale)
    for place in range(inputs.size):
        mixed = np.uint32(np.uint32(first + place) + low)
        mixed = np.uint32((mixed ^ (mixed >> np.uint32(16))) * np.uint32(0x7FEB352D))
        mixed = np.uint32((mixed ^ (mixed >> np.uint32(15)) ^ high) * np.uint32(0x846CA68B))
        mixed = np.uint32(mixed ^ (mixed >> np.uint32(16)))
        outputs[place] = _narrow(_wide(inputs[place]) * factor) if mixed >= least else np.uint16(0)


@compiled
def _errors(logits: Array, tops: Array, targets: Array, losses: Array, columns: int) -> None:
    powers = np.empty(columns, np.float32)
    for row in range(logits.shape[0]):
        top, total = tops[row], np.float32(0)
        for place in range(columns):
            power = _power_of_2((_wide(logits[row, place]) - top) * _LOG2_E)
            powers[place] = power
            total += power
        target = targets[row]
        losses[row] = np.log(total) + top - _wide(logits[row, target])
        powers[target] -= total
        share = _ONE / total
        for place in range(columns):
            logits[row, place] = _narrow(powers[place] * share)
        for place in range(columns, logits.shape[1]):
            logits[row, place] = np.uint16(0)


def activate(inputs: torch.Tensor) -> torch.Tensor:
    """GELU by its tanh formula, as GPT-2 has it."""
    outputs = torch.empty_like(inputs)
    _in_parts(inputs.numel(), 1, lambda part, x, y: _activate(x, y), inputs.view(-1), outputs.view(-1))
    return outputs


def activate_back(grads: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """The gradient of the inputs of `activate`."""
    outputs, count = torch.empty_like(inputs), inputs.numel()
    arrays = (grads.view(-1), inputs.view(-1), outputs.view(-1))
    _in_parts(count, 1, lambda part, grad, x, y: _activate_back(grad, x, y), *arrays)
    return outputs


def drop(inputs: torch.Tensor, chance: float, seed: int) -> torch.Tensor:
    """Zeros with that chance, and more of the rest to make up for them; the same ones for the same seed, of 63 bits."""
    outputs, limit, scale = torch.empty_like(inputs), min(2**32 - 1, round(chance * 2**32)), 1 / (1 - chance)
    work: Callable[..., None] = lambda part, x, y: _drop(x, y, part, seed, limit, scale)  # noqa: E731
    _in_parts(inputs.numel(), 1, work, inputs.view(-1), outputs.view(-1))
    return outputs


def losses_and_errors(logits: torch.Tensor, targets: torch.Tensor, columns: int) -> torch.Tensor:
    """The loss of each row, `(M,)` in float32; the logits `(M, W)` become their gradients, zeros beyond the columns."""
    tops, losses = logits[:, :columns].amax(1).float(), torch.empty(len(logits))
    work: Callable[..., None] = lambda part, x, top, aim, loss: _errors(x, top, aim, loss, columns)  # noqa: E731
    _in_parts(len(logits), logits.shape[1], work, logits, tops, targets, losses)
    return losses


def _in_parts(count: int, size: int, work: Callable[..., None], *tensors: torch.Tensor) -> None:
    """Share the first dimension out among as many threads as torch has; each is told where its part begins."""
    arrays = [one.view(torch.uint16).numpy() if one.dtype == torch.bfloat16 else one.numpy() for one in tensors]
    threads = torch.get_num_threads() if count * size > _ALONE else 1
    run_shares(lambda first, end: work(first, *(one[first:end] for one in arrays)), shares(count, threads))
