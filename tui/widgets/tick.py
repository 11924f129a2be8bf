"""A box to tick."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Checkbox


class Tick(Checkbox):
    """A box that is empty where it is off, so that its colour need not tell.

    Space and a click tick it. Enter does what it does in the other fields of the form, which the form hears of.
    """

    DEFAULT_CSS: ClassVar[str] = """
    Tick, Tick:focus { border: none; height: 1; padding: 0 1; background: transparent; }
    Tick:focus { background: $primary 30%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", show=False)]

    class Submitted(Message):
        """Enter was pressed on it."""

    def action_submit(self) -> None:
        """Tell the form."""
        self.post_message(self.Submitted())

    @property
    def _button(self) -> Content:
        return Content.styled("[✓]" if self.value else "[ ]", "bold")
