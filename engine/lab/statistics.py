"""How sure a figure is, and whether one is really better than another.

Every figure is a ratio of two sums over the rows: right answers and questions, nats and tokens, different pairs of
words and all of them. Rows are what a table is a sample of, so that rows are what is resampled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from engine.protocol import Frozen

RESAMPLES = 10_000
CONFIDENCE = 0.95
_Z = 1.959963984540054
"""The two-sided 95 % point of the normal distribution."""
_CHUNK_NUMBERS = 1_000_000
_MANY_ROWS = 2_000
"""Beyond it a sum over the rows is as good as normal, and drawing them anew would cost seconds."""
FEWEST_ROWS = 10
"""Below it a few lucky rows look like a rule: no difference is called clear."""


class Interval(Frozen, frozen=True):
    """A figure, and where it may well lie for other rows of the same kind."""

    value: float
    low: float
    high: float
    count: int
    """Rows that it stands on."""


class Difference(Frozen, frozen=True):
    """How much one variation is ahead of another on the rows that both have."""

    value: float
    low: float
    high: float
    count: int
    chance: float
    """In how many of the resamples, as a share, it was not ahead."""
    luck: float
    """How often, as a share, a difference at least as large comes where lots decide which answer to a row is whose."""

    @property
    def is_clear(self) -> bool:
        """Whether it most likely holds for other rows too; the interval alone is too narrow for few rows."""
        beyond = self.low > 0 or self.high < 0
        return beyond and self.count >= FEWEST_ROWS and self.luck < 1 - CONFIDENCE


Pair = tuple[float, float]
"""What a row adds to the numerator and to the denominator."""


def ratio(pairs: Sequence[Pair]) -> float:
    """The sum of the first numbers over the sum of the second, which is not 0."""
    return math.fsum(first for first, _ in pairs) / math.fsum(second for _, second in pairs)


def wilson(successes: float, count: int) -> Interval:
    """The score interval of a proportion (Wilson, 1927), which is right at 0 and 1 and for few rows too."""
    share = successes / count
    spread = 1 + _Z**2 / count
    middle = (share + _Z**2 / (2 * count)) / spread
    half = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2)) / spread
    return Interval(value=share, low=max(0.0, middle - half), high=min(1.0, middle + half), count=count)


def bootstrap(pairs: Sequence[Pair], *, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The percentile interval of a ratio of sums (Efron, 1979); of many rows the normal one."""
    return bootstraps([pairs], seed=seed, resamples=resamples)[0]


def bootstraps(samples: Sequence[Sequence[Pair]], *, seed: int = 0, resamples: int = RESAMPLES) -> tuple[Interval, ...]:
    """The same of several; those of as many rows are drawn together, once for all."""
    import numpy as np

    by_count: dict[int, list[int]] = {}
    for place, pairs in enumerate(samples):
        by_count.setdefault(len(pairs), []).append(place)
    found: dict[int, Interval] = {}
    for count, places in by_count.items():
        if count > _MANY_ROWS:
            spreads = [float(np.linalg.norm(_influence(samples[place]))) for place in places]
            bounds = [
                _normal_bounds(ratio(samples[place]), spread) for place, spread in zip(places, spreads, strict=True)
            ]
        else:
            drawn = _resampled([samples[place] for place in places], seed, resamples)
            bounds = [(float(low), float(high)) for low, high in np.quantile(drawn, _TAILS, axis=1).T]
        for place, (low, high) in zip(places, bounds, strict=True):
            found[place] = Interval(value=ratio(samples[place]), low=low, high=high, count=count)
    return tuple(found[place] for place in range(len(samples)))


def paired_bootstrap(
    ahead: Sequence[Pair], behind: Sequence[Pair], *, seed: int = 0, resamples: int = RESAMPLES
) -> Difference:
    """How much one ratio is above another, both resampled by the same rows; of many rows by the normal approximation.

    Args:
        ahead: Of each row, one pair for each.
        behind: Of the same rows in the same order.
        seed: Of the resampling.
        resamples: How many.
    """
    import numpy as np

    value, count = ratio(ahead) - ratio(behind), len(ahead)
    if count > _MANY_ROWS:
        influence = _influence(ahead) - _influence(behind)
        spread = float(np.linalg.norm(influence))
        low, high = _normal_bounds(value, influence)
        # Where no row differs, nothing is ahead, and any lot gives the same.
        chance = _beyond(value / spread) if spread else float(value <= 0)
        luck = 2 * _beyond(abs(value) / spread) if spread else float(value == 0)
        return Difference(value=value, low=low, high=high, count=count, chance=chance, luck=luck)
    first, second = _resampled([ahead, behind], seed, resamples)
    differences = first - second
    low, high = (float(bound) for bound in np.quantile(differences, _TAILS))
    chance = float((differences <= 0).mean())
    luck = _luck(ahead, behind, value, seed, resamples)
    return Difference(value=value, low=low, high=high, count=count, chance=chance, luck=luck)


_TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)


def _resampled(samples: Sequence[Sequence[Pair]], seed: int, resamples: int) -> Any:
    """The ratio of each sample under each resampling of its rows: `(samples, resamples)`."""
    import numpy as np

    values = np.asarray(samples, dtype=np.float64)  # (S, N, 2)
    rows = values.shape[1]
    random = np.random.default_rng(seed)
    at_once = max(1, _CHUNK_NUMBERS // rows)
    columns = values.transpose(1, 0, 2).reshape(rows, -1)  # (N, S * 2)
    found = []
    for first in range(0, resamples, at_once):
        some = min(at_once, resamples - first)
        picked = random.integers(0, rows, size=(some, rows))
        picked += np.arange(some)[:, None] * rows
        times = np.bincount(picked.ravel(), minlength=some * rows).reshape(some, rows)  # how often each row was drawn
        sums = (times.astype(np.float64) @ columns).reshape(some, -1, 2).transpose(1, 0, 2)  # (S, R, 2)
        # A resample may have picked only rows that add nothing, such as replies of one word.
        found.append(sums[..., 0] / np.maximum(sums[..., 1], 1e-12))
    return np.concatenate(found, axis=1)


def _luck(ahead: Sequence[Pair], behind: Sequence[Pair], value: float, seed: int, lots: int) -> float:
    """The two-sided p-value of a permutation test (Fisher, 1935) that swaps the two answers to a row, or does not."""
    import numpy as np

    first, second = (np.asarray(each, dtype=np.float64) for each in (ahead, behind))  # (N, 2)
    random = np.random.default_rng(seed)
    as_large, at_once = 0, max(1, _CHUNK_NUMBERS // len(first))
    for start in range(0, lots, at_once):
        swapped = random.integers(0, 2, size=(min(at_once, lots - start), len(first))).astype(np.float64)
        moved = swapped @ (second - first)  # (R, 2)
        one, other = first.sum(axis=0) + moved, second.sum(axis=0) - moved
        found = one[:, 0] / np.maximum(one[:, 1], 1e-12) - other[:, 0] / np.maximum(other[:, 1], 1e-12)
        as_large += int((np.abs(found) >= abs(value) - 1e-9).sum())
    # What was found is one of the lots (Phipson and Smyth, 2010).
    return (as_large + 1) / (lots + 1)


def _influence(pairs: Sequence[Pair]) -> Any:
    """By how much each row moves a ratio of sums, `(N,)`; their norm is its standard error (the delta method)."""
    import numpy as np

    values = np.asarray(pairs, dtype=np.float64)
    return (values[:, 0] - ratio(pairs) * values[:, 1]) / values[:, 1].sum()


def _normal_bounds(value: float, influence: Any) -> tuple[float, float]:
    import numpy as np

    half = _Z * float(np.linalg.norm(influence))
    return value - half, value + half


def _beyond(deviations: float) -> float:
    """The share of a normal distribution that is more than so many standard deviations above its middle."""
    return 0.5 * math.erfc(deviations / math.sqrt(2))
