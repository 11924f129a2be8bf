"""The training on the whole screen."""

from __future__ import annotations

from tui.screens.run.screen import RunScreen

__all__ = ["RunScreen"]
