"""Which rows are held out: decided by what is in them and the seed, so that no duplicate stands on both sides."""

from __future__ import annotations

from typing import Any

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def held_out(digests: Any, fraction: float, seed: int) -> Any:
    """Choose rows to hold out.

    Args:
        digests: Of the rows, `(N,)`, 64-bit numbers; rows that are equal go to the same side.
        fraction: The share to hold out; above 0 at least one is, and at least one is not.
        seed: Another one, another choice.

    Returns:
        Of each row whether it is held out, `(N,)`; the order of the rows plays no part.
    """
    import numpy as np

    different, inverse, counts = np.unique(digests, return_inverse=True, return_counts=True)
    held = np.zeros(len(different), dtype=bool)
    if fraction > 0 and len(different) > 1:
        order = np.argsort(_mixed(different, seed), kind="stable")
        before = np.cumsum(counts[order]) - counts[order]
        wanted = max(1, round(fraction * len(digests)))
        chosen = min(int((before < wanted).sum()), len(different) - 1)
        held[order[:chosen]] = True
    return held[inverse]


def _mixed(numbers: Any, seed: int) -> Any:
    """Scatter 64-bit numbers: the finaliser of SplitMix64 (Steele et al., 2014)."""
    import numpy as np

    with np.errstate(over="ignore"):
        mixed = numbers.astype(np.uint64) + np.uint64(((seed + 1) * _GOLDEN) & _MASK)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
