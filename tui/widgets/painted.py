"""A text that changes often, and lays the screen out anew only when its height changes."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.widgets import Static

from tui.renderables.link import META


class Painted(Static):
    """Some lines; away while they are empty."""

    DEFAULT_CSS = """
    Painted { height: auto; }
    """

    def __init__(self, *, id: str) -> None:
        """Make it empty."""
        super().__init__("", id=id, markup=False)
        self._painted: Content | None = None
        self.display = False

    def show(self, content: Content) -> None:
        """Show some lines."""
        if content == self._painted:
            return
        before, self._painted = self._painted, content
        self.display = bool(content.plain)
        width = self.content_size.width
        same = before is not None and width > 0 and self._lines(before, width) == self._lines(content, width)
        self.update(content, layout=not same)

    def _lines(self, content: Content, width: int) -> int:
        return content.get_height({}, width)

    async def on_click(self, event: events.Click) -> None:
        """Do what the words under the mouse are for."""
        action = event.style.meta.get(META)
        if action:
            event.stop()
            await self.screen.run_action(action)
