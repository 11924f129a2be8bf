"""The lab: a table of inputs and variations that fills while it is looked at."""

from __future__ import annotations

from tui.screens.lab.screen import LabScreen

__all__ = ["LabScreen"]
