"""Numbers with units, and what was measured of a reply, as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.display import visible_line

if TYPE_CHECKING:
    from engine.conversations import Figures

_STEP = 1000
_MINUTE_S = 60
_HOUR_S = 3600
_FULL = 999.5
_TWO_DIGITS = 99.95
_STOP_TEXT_CHARACTERS = 20

_REASONS = {
    "stop": "stopped at end of text",
    "length": "stopped at the length limit",
    "context": "stopped as the window is full",
    "cancelled": "stopped by you",
    "failed": "failed",
    "interrupted": "interrupted",
}


def human_bytes(size_bytes: float) -> str:
    """Write a size with three digits at most and a decimal unit: 548 MB, 1.2 GB."""
    size = float(size_bytes)
    if size < _FULL:
        return f"{round(size)} B"
    for unit in ("kB", "MB", "GB"):
        size /= _STEP
        if size < _FULL:
            return f"{_three_digits(size)} {unit}"
    return f"{_three_digits(size / _STEP)} TB"


def human_count(count: float) -> str:
    """Write a count of parameters or tokens: 124M, 1.5B, 50.3k, 950."""
    size = float(count)
    if size < _FULL:
        return f"{round(size)}"
    for unit in ("k", "M"):
        size /= _STEP
        if size < _FULL:
            return f"{_three_digits(size)}{unit}"
    return f"{_three_digits(size / _STEP)}B"


def human_duration(seconds: float) -> str:
    """Write a time to wait: 8 s, 2 min 5 s, 1 h 10 min."""
    whole = max(0, round(seconds))
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Write a count with its noun: 1 token, 1,200 tokens."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def reason_words(reason: str, stop_text: str = "") -> str:
    """Say why a reply is as long as it is; empty while it grows.

    Args:
        reason: As in `engine.conversations.Reason`.
        stop_text: The stop string that was met; empty for an end-of-text token.
    """
    if reason == "stop" and stop_text:
        shown = visible_line(stop_text)
        if len(shown) > _STOP_TEXT_CHARACTERS:
            shown = shown[: _STOP_TEXT_CHARACTERS - 1] + "…"
        return f"stopped at “{shown}”"
    return _REASONS.get(reason, "")


def figures_line(figures: Figures) -> str:
    """Write what was measured of a reply: 87 tokens · 41.2 tok/s · first after 0.12 s · stopped by you · seed 42."""
    parts = [plural(figures.tokens, "token")]
    if figures.tokens_per_s > 0:
        parts.append(f"{figures.tokens_per_s:.1f} tok/s")
    if figures.first_token_s > 0:
        parts.append(f"first after {_short_seconds(figures.first_token_s)}")
    parts.append(reason_words(figures.reason, figures.stop_text))
    if figures.dropped_turns:
        parts.append(f"without the {plural(figures.dropped_turns, 'oldest turn')}")
    if figures.seed is not None:
        parts.append(f"{'continued with ' if figures.continued else ''}seed {figures.seed}")
    return " · ".join(part for part in parts if part)


def _short_seconds(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds:.2f} s"
    return f"{seconds:.1f} s" if seconds < _MINUTE_S else human_duration(seconds)


def _three_digits(size: float) -> str:
    text = f"{size:.1f}" if size < _TWO_DIGITS else f"{size:.0f}"
    return text.removesuffix(".0")
