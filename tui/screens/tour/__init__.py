"""The tour: the chat in a home of its own, with somebody who leads through it."""

from __future__ import annotations

from tui.screens.tour.screen import TourScreen

__all__ = ["TourScreen"]
