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

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


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
    """The percentile interval of a ratio of sums (Efron, 1979)."""
    import numpy as np

    low, high = np.quantile(_resampled([pairs], seed, resamples)[0], _TAILS)
    return Interval(value=ratio(pairs), low=float(low), high=float(high), count=len(pairs))


def paired_bootstrap(
    ahead: Sequence[Pair], behind: Sequence[Pair], *, seed: int = 0, resamples: int = RESAMPLES
) -> Difference:
    """How much one ratio is above another, both resampled by the same rows.

    Args:
        ahead: Of each row, one pair for each.
        behind: Of the same rows in the same order.
        seed: Of the resampling.
        resamples: How many.
    """
    import numpy as np

    first, second = _resampled([ahead, behind], seed, resamples)
    differences = first - second
    low, high = np.quantile(differences, _TAILS)
    return Difference(
        value=ratio(ahead) - ratio(behind),
        low=float(low),
        high=float(high),
        count=len(ahead),
        chance=float((differences <= 0).mean()),
    )


_TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)


def _resampled(samples: Sequence[Sequence[Pair]], seed: int, resamples: int) -> Any:
    """The ratio of each sample under each resampling of its rows: `(samples, resamples)`."""
    import numpy as np

    values = np.asarray(samples, dtype=np.float64)  # (S, N, 2)
    rows = values.shape[1]
    random = np.random.default_rng(seed)
    at_once = max(1, _CHUNK_NUMBERS // rows)
    found = []
    for first in range(0, resamples, at_once):
        picked = random.integers(0, rows, size=(min(at_once, resamples - first), rows))
        sums = np.stack([value[picked].sum(axis=1) for value in values])  # (S, R, 2)
        # A resample may have picked only rows that add nothing, such as replies of one word.
        found.append(sums[..., 0] / np.maximum(sums[..., 1], 1e-12))
    return np.concatenate(found, axis=1)
