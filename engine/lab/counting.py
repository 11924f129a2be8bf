"""How far a run has come, and how long the rest will take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from engine.lab.events import Progressed
from engine.lab.records import Part, Place


class Count:
    """Counts the parts of the cells of one run."""

    def __init__(self, total: int, missing: Iterable[Place]) -> None:
        """Begin with what is not known yet."""
        self._left = Counter(place.part for place in missing)
        self._computed: Counter[Part] = Counter()
        self._spent_s: dict[Part, float] = {}
        self.total = total
        self.done = total - self._left.total()
        self.failed = 0

    def did(self, part: Part, *, failed: bool = False, known: bool = False) -> None:
        """Note that a part is over."""
        self._left[part] -= 1
        self.failed += failed
        self.done += not failed
        self._computed[part] += not known

    def lost(self, part: Part) -> None:
        """Note that a part that was done has to be done again."""
        self._left[part] += 1
        self.done -= 1

    def spent(self, part: Part, seconds: float) -> None:
        """Note what computing parts of a kind took, pauses and loading not counted."""
        self._spent_s[part] = self._spent_s.get(part, 0.0) + seconds

    def progress(self) -> Progressed:
        """Where it stands."""
        return Progressed(done=self.done, failed=self.failed, total=self.total, eta_s=self._eta_s())

    def _eta_s(self) -> float | None:
        """None until each kind that is left was measured."""
        left = {part: count for part, count in self._left.items() if count > 0}
        if any(not self._computed[part] or part not in self._spent_s for part in left):
            return None
        return sum(count * self._spent_s[part] / self._computed[part] for part, count in left.items())
