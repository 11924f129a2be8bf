"""How long ago something was."""

from __future__ import annotations

_STEPS = (
    (60, 1, ""),
    (3600, 60, "min"),
    (86_400, 3600, "h"),
    (7 * 86_400, 86_400, "day"),
    (30 * 86_400, 7 * 86_400, "week"),
    (365 * 86_400, 30 * 86_400, "month"),
)
_YEAR_S = 365 * 86_400
_ABBREVIATED = {"min", "h"}


def ago(seconds: float) -> str:
    """Say in words how long ago something was: just now, 5 min ago, yesterday, 3 weeks ago.

    A time that lies ahead, as after the clock was set back, is just now.
    """
    for limit, unit_s, name in _STEPS:
        if seconds < limit:
            return _words(int(seconds // unit_s), name)
    return _words(int(seconds // _YEAR_S), "year")


def _words(count: int, unit: str) -> str:
    if not unit:
        return "just now"
    if (count, unit) == (1, "day"):
        return "yesterday"
    plural = "" if count == 1 or unit in _ABBREVIATED else "s"
    return f"{count} {unit}{plural} ago"
