"""The order in which rows are learned from: a pure function of the seed, so that a resumed run goes on in it."""

from __future__ import annotations

import math
from bisect import bisect_right
from functools import lru_cache

from engine.training.rows import Layout, Pack, Rows


class Batches:
    """All batches of a run, one after another over all of its epochs: a map-style data set for a data loader.

    Item `i` is a batch: a list of packs, which are lists of rows. A step takes `per_step` items in all processes
    together. Within an epoch each row comes once.
    """

    def __init__(self, rows: Rows, layout: Layout, *, per_step: int, epochs: float, max_steps: int = 0) -> None:
        """Lay out the run.

        Args:
            rows: The training rows.
            layout: Which of them go together.
            per_step: Items of one optimiser step.
            epochs: How often each row is seen; may be a fraction.
            max_steps: Ends it there; 0 does not.
        """
        self._rows = rows
        self._per_step = per_step
        self._epoch = lru_cache(maxsize=2)(layout.epoch)
        self._starts = [0]
        """The first item of each epoch."""
        self.total_steps = max_steps or -(-self._count(epochs) // per_step)
        while self._starts[-1] < len(self):
            self._extend()

    def __len__(self) -> int:
        return self.total_steps * self._per_step

    def __getitem__(self, index: int) -> list[Pack]:
        epoch, place = self._place(index)
        return [[self._rows[row] for row in pack] for pack in self._epoch(epoch)[place]]

    def epoch_at(self, step: int) -> float:
        """How many times the data has been seen after a step."""
        done = min(step, self.total_steps) * self._per_step
        if done == 0:
            return 0.0
        epoch, place = self._place(done - 1)
        return epoch + (place + 1) / (self._starts[epoch + 1] - self._starts[epoch])

    def _count(self, epochs: float) -> int:
        whole = int(epochs)
        while len(self._starts) <= whole + 1:
            self._extend()
        fraction = math.ceil((epochs - whole) * (self._starts[whole + 1] - self._starts[whole]))
        return max(1, self._starts[whole] + fraction)

    def _extend(self) -> None:
        epoch = len(self._starts) - 1
        self._starts.append(self._starts[-1] + max(1, len(self._epoch(epoch))))

    def _place(self, index: int) -> tuple[int, int]:
        epoch = bisect_right(self._starts, index) - 1
        return epoch, index - self._starts[epoch]
