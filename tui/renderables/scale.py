"""From values to places and back: linear or logarithmic, with round numbers along the side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_CALM_SHARE = 0.02
_SPIKE = 1.5
"""A value further off than so many times the calm range does not widen the scale: it is drawn at the edge."""


class Scale(msgspec.Struct, frozen=True):
    """A range of values, drawn over a stretch."""

    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies, from 0 at the low end to 1 at the high end; the ends hold what is beyond."""
        low, high, at = self.low, self.high, value
        if self.log:
            at = math.log(max(value, low))
            low, high = math.log(low), math.log(high)
        return min(1.0, max(0.0, (at - low) / (high - low)))

    def ticks(self, most: int) -> tuple[float, ...]:
        """Round values within the range, at most so many."""
        if most < 1:
            return ()
        return _log_ticks(self, most) if self.log else _linear_ticks(self.low, self.high, most)


def scale_for(values: Sequence[float], *, log: bool = False, marks: Sequence[float] = ()) -> Scale:
    """Choose a range that shows all values but single spikes.

    Args:
        values: The curve's. What is not finite is left out.
        log: Logarithmic, where there is anything above zero.
        marks: Values that have to be within, whatever they are.
    """
    finite = sorted(value for value in values if math.isfinite(value))
    kept = [value for value in marks if math.isfinite(value)]
    if log:
        finite, kept = [value for value in finite if value > 0], [value for value in kept if value > 0]
    if not finite and not kept:
        return Scale(0.1, 1.0, log) if log else Scale(0.0, 1.0)
    low, high = _calm_range(finite or kept)
    low, high = min([low, *kept]), max([high, *kept])
    if high - low <= abs(high) * 1e-9:
        low, high = (
            (low / 1.1, high * 1.1) if log else (low - (abs(low) * 0.05 or 0.5), high + (abs(high) * 0.05 or 0.5))
        )
    return Scale(low, high, log)


def tick_words(value: float, step: float) -> str:
    """Write a value of an axis, with as many places as the distance to the next one needs."""
    if value and (abs(value) >= 1e6 or abs(value) < 1e-4):
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    places = max(0, min(5, -math.floor(math.log10(step)))) if step > 0 else 2
    if places < 5 and abs(step * 10**places - round(step * 10**places)) > 1e-6:
        places += 1
    return f"{value:.{places}f}"


def _calm_range(ordered: Sequence[float]) -> tuple[float, float]:
    low, high = ordered[0], ordered[-1]
    cut = int(len(ordered) * _CALM_SHARE)
    if cut:
        calm_low, calm_high = ordered[cut], ordered[-1 - cut]
        span = calm_high - calm_low
        high = min(high, calm_high + _SPIKE * span) if span else calm_high
        low = max(low, calm_low - _SPIKE * span) if span else calm_low
    return low, high


def _linear_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in _ROUND if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    ticks = [index * step for index in range(first, first + most + 2) if index * step <= high + step * 1e-9]
    return tuple(ticks[:most])


def _log_ticks(scale: Scale, most: int) -> tuple[float, ...]:
    """Ones, twos and fives; within less than half a decade, round numbers as on a linear scale."""
    decades = math.log10(scale.high / scale.low)
    if decades < 0.7:
        return _linear_ticks(scale.low, scale.high, most)
    powers = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        found = [f * 10.0**p for p in powers for f in factors if scale.low <= f * 10.0**p <= scale.high]
        if len(found) <= most:
            return tuple(found)
    return tuple(found[:: -(-len(found) // most)])
