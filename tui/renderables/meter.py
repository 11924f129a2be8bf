"""A bar that fills by eighths of a cell."""

from __future__ import annotations

_PARTS = " ▏▎▍▌▋▊▉"
_FULL = "█"
_LEFT, _RIGHT = "▕", "▏"


def meter(fraction: float, width: int) -> str:
    """Draw a bar such as `▕███▌   ▏`.

    Args:
        fraction: How full it is; what lies outside 0 to 1, or is no number, is taken as the nearer end, or as 0.
        width: Of the whole in cells, ends included; below 3 there is no room for a bar and the answer is empty.

    Returns:
        Exactly `width` characters. Anything above zero shows at least a sliver, and only 1 shows as full.
    """
    inner = width - len(_LEFT) - len(_RIGHT)
    if inner < 1:
        return ""
    whole = inner * 8
    eighths = _eighths(fraction, whole)
    full, rest = divmod(eighths, 8)
    bar = _FULL * full + (_PARTS[rest] if rest else "")
    return f"{_LEFT}{bar:<{inner}}{_RIGHT}"


def _eighths(fraction: float, whole: int) -> int:
    if not fraction > 0:  # also true of a NaN
        return 0
    if fraction >= 1:
        return whole
    return min(max(round(fraction * whole), 1), whole - 1)
