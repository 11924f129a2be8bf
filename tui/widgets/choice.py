"""One of a few, all of them in sight on one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

_GAP = 2


class Choice(Widget, can_focus=True):
    """`● LoRA  ○ Full  ○ Soft prompt`: left, right, space or a click choose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "step(1)", show=False),
        Binding("left", "step(-1)", show=False),
        Binding("enter", "submit", show=False),
    ]

    DEFAULT_CSS = """
    Choice {
        width: auto; height: 1; padding: 0 1; background: $panel;
        &:focus { background: $primary 30%; }
    }
    """

    class Submitted(Message):
        """Enter was pressed on it: the form does what it does in the other fields."""

    class Changed(Message):
        """Another one was chosen."""

        def __init__(self, choice: Choice) -> None:
            """Carry the widget."""
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            """The widget, for selectors of handlers."""
            return self.choice

    def __init__(self, options: Sequence[tuple[str, str]], value: str, *, id: str | None = None) -> None:
        """Make it.

        Args:
            options: Values and what they are called, safe to show.
            value: What is chosen at first; a value that is none of the options chooses the first.
            id: The widget's id.
        """
        super().__init__(id=id)
        self._options = tuple(options)
        self._place = self._place_of(value)

    @property
    def value(self) -> str:
        """What is chosen."""
        return self._options[self._place][0]

    @value.setter
    def value(self, value: str) -> None:
        self._choose(self._place_of(value))

    def render(self) -> Content:
        """All options, the chosen one told by its mark."""
        words = [
            Content.assemble(("● " if place == self._place else "○ ", "bold"), name).stylize_before(
                "bold" if place == self._place else "$foreground 62%"
            )
            for place, (_, name) in enumerate(self._options)
        ]
        return Content(" " * _GAP).join(words)

    def get_content_width(self, container: object, viewport: object) -> int:
        """As wide as its words."""
        return sum(self._widths) + _GAP * (len(self._options) - 1)

    @property
    def _widths(self) -> list[int]:
        return [2 + Content(name).cell_length for _, name in self._options]

    def action_submit(self) -> None:
        """Tell the form."""
        self.post_message(self.Submitted())

    def action_step(self, by: int) -> None:
        """Choose a neighbour; behind the last one the first comes."""
        self._choose((self._place + by) % len(self._options))

    def on_click(self, event: events.Click) -> None:
        """Choose what is under the mouse."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        end = 0
        for place, width in enumerate(self._widths):
            end += width + _GAP
            if offset.x < end:
                self._choose(place)
                return

    def _choose(self, place: int) -> None:
        if place != self._place:
            self._place = place
            self.refresh()
            self.post_message(self.Changed(self))

    def _place_of(self, value: str) -> int:
        return next((place for place, (option, _) in enumerate(self._options) if option == value), 0)
