"""Numbers with units, as people read them."""

from __future__ import annotations

_STEP = 1000
_MINUTE_S = 60
_HOUR_S = 3600


def human_bytes(size_bytes: float) -> str:
    """Write a size with three digits at most and a decimal unit: 548 MB, 1.2 GB."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{_three_digits(size) if unit != 'B' else round(size)} {unit}"
        size /= _STEP
    return f"{_three_digits(size)} TB"


def human_count(count: float) -> str:
    """Write a count of parameters or tokens: 124M, 1.5B, 50.3k, 950."""
    size = float(count)
    for unit in ("", "k", "M"):
        if size < 999.5:
            return f"{_three_digits(size) if unit else round(size)}{unit}"
        size /= _STEP
    return f"{_three_digits(size)}B"


def human_duration(seconds: float) -> str:
    """Write a time to wait: 8 s, 2 min 5 s, 1 h 10 min."""
    whole = max(0, round(seconds))
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"


def _three_digits(size: float) -> str:
    text = f"{size:.1f}" if size < 99.95 else f"{size:.0f}"
    return text.removesuffix(".0")
