"""Numbers in words, by the names that the screen uses; the command line says the same."""

from __future__ import annotations

from engine.figures import figures_line, plural, reason_words
from engine.figures import human_bytes as bytes_words
from engine.figures import human_count as count_words
from engine.figures import human_duration as duration_words

__all__ = ["bytes_words", "count_words", "duration_words", "figures_line", "plural", "reason_words"]
