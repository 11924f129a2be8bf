"""The line of keys at the bottom."""

from __future__ import annotations

from textual.screen import Screen
from textual.widgets import Footer as TextualFooter


class Footer(TextualFooter):
    """Textual's footer, made anew only where the keys are others: that takes 15 ms, and focus changes often."""

    def __init__(self) -> None:
        """Make the line; the palette is on it as any other action."""
        super().__init__(show_command_palette=False)
        self._drawn: tuple[object, ...] = ()

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Take in that the focus or what can be done has changed."""
        if not screen.app.app_focus:
            return
        keys = tuple(
            (one.binding.key, one.binding.description, one.binding.action, one.enabled, one.tooltip)
            for one in screen.active_bindings.values()
            if one.binding.show
        )
        if keys != self._drawn:
            self._drawn = keys
            super().bindings_changed(screen)
