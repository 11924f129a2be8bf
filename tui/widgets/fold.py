"""A line that folds and unfolds what is beneath it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from engine.display import visible_line


class Fold(Static, can_focus=True):
    """`▸ More settings`: Enter, space or a click unfold. Who owns it hides and shows the rest."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "turn", show=False)]

    DEFAULT_CSS = """
    Fold {
        height: 1; padding: 0 1; color: $secondary; text-style: bold;
        &:focus { background: $primary 30%; }
        &:hover { background: $foreground 7%; }
    }
    """

    class Toggled(Message):
        """It was folded or unfolded."""

        def __init__(self, *, is_open: bool) -> None:
            """Carry how it is now."""
            super().__init__()
            self.is_open = is_open

    def __init__(self, words: str, *, is_open: bool = False, id: str | None = None) -> None:
        """Make it.

        Args:
            words: What is folded.
            is_open: Whether it is unfolded at first.
            id: The widget's id.
        """
        super().__init__("", id=id, markup=False)
        self._words = words
        self._is_open = is_open
        self._drawn = ""

    def on_mount(self) -> None:
        """Draw it."""
        self.say(self._words)

    @property
    def is_open(self) -> bool:
        """Whether it is unfolded."""
        return self._is_open

    def say(self, words: str) -> None:
        """Say what is folded."""
        self._words = words
        drawn = f"{'▾' if self._is_open else '▸'} {visible_line(words)}"
        if drawn != self._drawn:
            self._drawn = drawn
            self.update(Content(drawn))

    def action_turn(self) -> None:
        """Fold or unfold."""
        self._is_open = not self._is_open
        self.say(self._words)
        self.post_message(self.Toggled(is_open=self._is_open))

    def on_click(self) -> None:
        """Fold or unfold."""
        self.action_turn()
