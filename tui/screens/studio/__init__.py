"""The template studio: write a template, see what the model sees, try it."""

from __future__ import annotations

from tui.screens.studio.screen import StudioScreen

__all__ = ["StudioScreen"]
