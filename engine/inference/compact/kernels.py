"""Loops of int8 in machine code, and of what one row attends to.

A plain loop uses the widest registers that the processor has: a row times a matrix in 8 bits reads the weights as fast
as the memory gives them, at almost twice the speed of torch's own product. What is not finite stays so. T is the number
of rows, I that of inputs, O that of outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.inference.compact.keys import Array
from engine.inference.machine_code import compiled

_LEVELS = np.float32(255)
_MIDDLE = np.float32(128)
_LIMIT = np.float32(127)
_ONE, _HALF, _THIRD, _QUARTER, _FIFTH, _SIXTH = (np.float32(1 / divisor) for divisor in range(1, 7))
_LOG_2, _LOG2_E = np.float32(np.log(2)), np.float32(1 / np.log(2))
_LEAST_POWER = np.float32(-126)
_TINY, _INFINITE = np.finfo(np.float32).tiny, np.float32(np.inf)
_LOWEST, _MAGNITUDE, _SIGN_PLACE = np.int32(-(2**31)), np.int32(2**31 - 1), np.int32(31)
_MANTISSA_PLACES, _EXPONENT_OF_1 = np.int32(23), np.int32(127)
_BLOCK = 128
"""Products that are added up together: a constant number, so that the compiler unrolls them."""
_PART = 64
"""Sums that stay in registers: a constant number, so that the compiler knows."""


@compiled
def _ordered(value: Any) -> Any:
    """A float32 as an int32: in the same order, with NaN beyond infinity, and quicker to compare."""
    bits = np.float32(value).view(np.int32)
    return np.int32(bits ^ np.int32(np.int32(bits >> _SIGN_PLACE) & _MAGNITUDE))


@compiled
def _number(ordered: Any) -> Any:
    """Back from `_ordered`."""
    return np.int32(ordered ^ np.int32(np.int32(ordered >> _SIGN_PLACE) & _MAGNITUDE)).view(np.float32)


@compiled
def multiply_row(
    row: Array, product: Array, first: int, end: int, damping: Array, limit: float,
    numbers: Array, scales: Array, loud: Array, loud_weights: Array, bias: Array,
) -> None:  # fmt: skip
    """A row times a part of a matrix: what is loud in float32, the rest damped and rounded to int16.

    Args:
        row: `(I,)` in float32.
        product: `(O,)`, whose part is filled.
        first: Output of the part.
        end: The output behind it.
        damping: `(I,)`; 0 for inputs that are loud.
        limit: The largest number in 16 bits with which no sum leaves 32.
        numbers: `(O, I)` in int8.
        scales: `(O,)`: what 1 stands for in them.
        loud: `(K,)`: which inputs are loud.
        loud_weights: `(K, O)` in float32.
        bias: `(O,)`.
    """
    most = np.int32(0)
    for each in range(row.shape[0]):
        most = max(most, _ordered(abs(row[each] * damping[each])))
    step = _number(most) / np.float32(limit)
    step = max(step, _TINY)
    scale = _ONE / step
    rounded = np.empty(row.shape[0], np.int16)
    for each in range(row.shape[0]):
        rounded[each] = np.int16(np.rint(row[each] * damping[each] * scale))
    sums = product[first:end]
    sums[:] = bias[first:end]
    for which in range(loud.shape[0]):
        value, weights = row[loud[which]], loud_weights[which, first:end]
        for place in range(sums.shape[0]):
            sums[place] += value * weights[place]
    whole = row.shape[0] - row.shape[0] % _BLOCK
    for place in range(first, end):
        total = np.int32(0)
        for start in range(0, whole, _BLOCK):
            part = np.int32(0)
            for each in range(_BLOCK):
                part = np.int32(
                    part + np.int32(np.int32(numbers[place, start + each]) * np.int32(rounded[start + each]))
                )
            total = np.int32(total + part)
        for each in range(whole, row.shape[0]):
            total = np.int32(total + np.int32(np.int32(numbers[place, each]) * np.int32(rounded[each])))
        product[place] += np.float32(total) * (scales[place] * step)


@compiled
def _share_out(numbers: Array) -> None:
    """Softmax of `(S,)` in place; e^x as a whole power of 2 and six terms of the series for the rest."""
    largest = _LOWEST
    for place in range(numbers.shape[0]):
        largest = max(largest, _ordered(numbers[place]))
    most, whole = _number(largest), np.float32(0)
    for place in range(numbers.shape[0]):
        power = max((numbers[place] - most) * _LOG2_E, _LEAST_POWER)
        rest = (power - np.rint(power)) * _LOG_2
        series = _ONE
        for term in (_SIXTH, _FIFTH, _QUARTER, _THIRD, _HALF, _ONE):
            series = _ONE + rest * term * series
        exponent = np.int32(np.int32(np.rint(power)) + _EXPONENT_OF_1)
        numbers[place] = series * np.int32(exponent << _MANTISSA_PLACES).view(np.float32)
        whole += numbers[place]
    for place in range(numbers.shape[0]):
        numbers[place] /= whole


@compiled
def attend_row(
    queries: Array, new_keys: Array, new_values: Array, keys: Array, values: Array, held: int, seen: Array
) -> None:
    """Remember one more token, and let it look at itself and at what came before.

    Args:
        queries: `(K, G, D)`: G of them share each of the K key heads.
        new_keys: `(K, D)`.
        new_values: `(K, D)`.
        keys: `(K, C, D)`: room for C, of which some are held.
        values: `(K, C, D)`.
        held: How many.
        seen: `(K, G, D)`, to be filled.
    """
    heads, group, width = queries.shape
    scale = np.float32(1 / np.sqrt(width))
    shares = np.empty(held + 1, np.float32)
    for head in range(heads):
        keys[head, held], values[head, held] = new_keys[head], new_values[head]
        for member in range(group):
            for place in range(held + 1):
                product = np.float32(0)
                for each in range(width):
                    product += queries[head, member, each] * keys[head, place, each]
                shares[place] = product * scale
            _share_out(shares)
            for first in range(0, width - width % _PART, _PART):
                sums = np.zeros(_PART, np.float32)
                for place in range(held + 1):
                    for each in range(_PART):
                        sums[each] += shares[place] * values[head, place, first + each]
                seen[head, member, first : first + _PART] = sums
            for each in range(width - width % _PART, width):
                total = np.float32(0)
                for place in range(held + 1):
                    total += shares[place] * values[head, place, each]
                seen[head, member, each] = total


@compiled
def quantise_rows(
    rows: Array, damping: Array, first: int, end: int, numbers: Array, steps: Array, offsets: Array
) -> None:
    """Damp a part of rows `(T, I)` and round it to 256 levels, from each row's lowest to its highest.

    Args:
        rows: In float32.
        damping: `(I,)`.
        first: Input of the part.
        end: The input behind it.
        numbers: `(T, I)` in int8, whose part is filled.
        steps: `(T,)`, to be filled: what 1 stands for.
        offsets: `(T,)`, to be filled: what 0 stands for.
    """
    damped_by = damping[first:end]
    for place in range(rows.shape[0]):
        row, rounded = rows[place, first:end], numbers[place, first:end]
        least, most = np.int32(0), np.int32(0)
        for each in range(row.shape[0]):
            damped = _ordered(row[each] * damped_by[each])
            least, most = min(least, damped), max(most, damped)
        lowest = _number(least)
        step = (_number(most) - lowest) / _LEVELS
        step = max(step, _TINY)
        scale, shift = _ONE / step, lowest / step + _MIDDLE
        for each in range(row.shape[0]):
            rounded[each] = np.int8(np.rint(row[each] * damped_by[each] * scale - shift))
        steps[place], offsets[place] = step, lowest + _MIDDLE * step


@compiled
def add_scaled(product: Array, steps: Array, offsets: Array, scales: Array, sums: Array, rows: Array) -> None:
    """Add a product of whole numbers to rows.

    Args:
        product: `(T, O)` in int32.
        steps: `(T,)`, as `quantise_rows` gives them.
        offsets: `(T,)`, likewise.
        scales: `(O,)` of the weights.
        sums: `(O,)`: what a row of ones gives.
        rows: `(T, O)` in float32.
    """
    for place in range(product.shape[0]):
        step, offset = steps[place], offsets[place]
        for each in range(product.shape[1]):
            rows[place, each] += np.float32(product[place, each]) * (step * scales[each]) + offset * sums[each]


@compiled
def quantise_weights(weight: Array, raised: Array, numbers: Array, scales: Array) -> int:
    """Raise weights `(O, I)` input by input, and round each output's to 255 levels around 0.

    Args:
        weight: In float32.
        raised: `(I,)`: by how much.
        numbers: `(O, I)` in int8, to be filled.
        scales: `(O,)`, to be filled.

    Returns:
        The largest sum of magnitudes of an output's numbers. An output with a weight that is not finite is NaN.
    """
    largest = 0
    for place in range(weight.shape[0]):
        bits = np.int32(0)
        for each in range(weight.shape[1]):
            bits = max(bits, _ordered(abs(weight[place, each] * raised[each])))
        most = _number(bits)
        if not most < _INFINITE:
            numbers[place], scales[place] = 0, np.float32(np.nan)
            continue
        step = most / _LIMIT
        step = max(step, _TINY)
        scale = _ONE / step
        magnitude = np.int32(0)
        for each in range(weight.shape[1]):
            number = np.int32(np.rint(weight[place, each] * raised[each] * scale))
            numbers[place, each] = np.int8(number)
            magnitude = np.int32(magnitude + abs(number))
        scales[place] = step
        largest = max(largest, int(magnitude))
    return largest


@compiled
def add_up(numbers: Array, scales: Array, first: int, end: int) -> Array:
    """What a row of ones gives from one input to another: sums of `(O, I)`, scaled, `(O,)` in float32."""
    sums = np.empty(numbers.shape[0], np.float32)
    for place in range(numbers.shape[0]):
        part = numbers[place, first:end]
        total = np.int32(0)
        for each in range(part.shape[0]):
            total = np.int32(total + np.int32(part[each]))
        sums[place] = np.float32(total) * scales[place]
    return sums
