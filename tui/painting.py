"""How soon a screen is painted that has something new to show."""

from __future__ import annotations

BEAT_S = 1 / 240


def install() -> None:
    """Have screens painted on a quick beat, which Textual has no other place to set.

    Its own is a sixtieth of a second, and after a frame that took longer one beat is left out: a letter that was typed
    behind a reply's frame waited up to 33 ms in which nobody did anything. Nothing new, no beat: it costs nothing.
    """
    from textual import screen

    screen.UPDATE_PERIOD = BEAT_S  # type: ignore[misc]
