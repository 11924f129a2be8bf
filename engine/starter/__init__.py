"""The model that ships with the program, and a lesson for it: files only; `starter/` made them."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
"""As `save_pretrained` writes it."""

LESSON = "lesson"
"""What the data set is called where data are named."""
LESSON_FILE = FOLDER / "lesson.jsonl"
PROBES = ("How are you?", "What does a cow say?", "Tell me about yourself.")
"""What to ask before and after, to hear what the lesson changed."""
