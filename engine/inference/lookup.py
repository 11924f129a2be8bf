"""Guessing what comes next from what was said before: a summary or an edit repeats much of its prompt.

Prompt lookup (Saxena, 2023): where the last tokens occurred before, what followed them then is guessed to follow again.
A guess costs little, as several tokens pass through the weights nearly as fast as one, and the model itself checks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_PATTERN = 3
"""So many tokens have to occur again."""
_FEWEST, _MOST = 4, 16
"""Tokens of one guess: twice as many after one that held, half after one that did not."""
_LONGEST_REST = 32
"""Tokens for which nothing is guessed after several failures; after the first two."""


class Lookup:
    """What was said, by its patterns, and how well guesses have gone so far."""

    def __init__(self, ids: Iterable[int]) -> None:
        """Begin with a prompt."""
        self._ids: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        self._length = _FEWEST
        self._rest = 0
        self._failures = 0
        self.extend(ids)

    def extend(self, ids: Iterable[int]) -> None:
        """Take in what was said."""
        for token in ids:
            if len(self._ids) >= _PATTERN:
                self._after[self._ending()] = len(self._ids)
            self._ids.append(token)
            self._rest = max(0, self._rest - 1)

    def guess(self, most: int) -> tuple[int, ...]:
        """What may follow, at most so many tokens; often nothing."""
        if self._rest or len(self._ids) < _PATTERN:
            return ()
        place = self._after.get(self._ending())
        return () if place is None else tuple(self._ids[place : place + max(0, min(self._length, most))])

    def judge(self, guess: Sequence[int], held: int) -> None:
        """Learn how many tokens of a guess came true: fewer than half are not worth what they cost."""
        if 2 * held < len(guess):
            self._failures += 1
            self._rest = min(_LONGEST_REST, 2**self._failures)
            self._length = max(_FEWEST, self._length // 2)
            return
        self._failures = 0
        if held == len(guess):
            self._length = min(_MOST, 2 * self._length)

    def _ending(self) -> tuple[int, ...]:
        return tuple(self._ids[-_PATTERN:])
