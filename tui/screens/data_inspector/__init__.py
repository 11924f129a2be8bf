"""Shows what is in a data set, and what a model would see of it."""

from __future__ import annotations

from tui.screens.data_inspector.screen import DataInspector

__all__ = ["DataInspector"]
