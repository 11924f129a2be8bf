"""Sets up a fine-tune and starts it."""

from __future__ import annotations

from tui.screens.tune.form import TuneForm

__all__ = ["TuneForm"]
