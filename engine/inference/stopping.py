"""Stop strings: where a reply ends because of what it says.

The text comes in pieces of any size; what is given out does not depend on how it was cut.
"""

from __future__ import annotations

from collections.abc import Iterable


class StopStrings:
    """Holds back what may turn out to be the start of a stop string."""

    def __init__(self, stops: Iterable[str]) -> None:
        """Watch for these; empty ones are ignored."""
        self._stops = tuple(dict.fromkeys(stop for stop in stops if stop))
        self._longest = max(map(len, self._stops), default=0)
        self._held = ""
        self.met = ""
        """The stop string that ended the reply; empty so far."""

    def push(self, text: str) -> str:
        """Take more text and give out what is certain to be part of the reply.

        The stop string whose end comes first counts; it and what follows are never given out.
        """
        if self.met:
            return ""
        text = self._held + text
        match = self._first_match(text)
        if match is not None:
            start, self.met = match
            self._held = ""
            return text[:start]
        keep = self._undecided(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def flush(self) -> str:
        """Give out what was held back: no more text comes."""
        held, self._held = self._held, ""
        return held

    def _first_match(self, text: str) -> tuple[int, str] | None:
        found = [(start + len(stop), start, stop) for stop in self._stops if (start := text.find(stop)) >= 0]
        if not found:
            return None
        _, start, stop = min(found)
        return start, stop

    def _undecided(self, text: str) -> int:
        """The length of the longest end of the text with which a stop string begins."""
        for length in range(min(len(text), self._longest - 1), 0, -1):
            end = text[-length:]
            if any(stop.startswith(end) for stop in self._stops):
                return length
        return 0
