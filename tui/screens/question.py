"""Asks for a yes before something that can't be undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from engine.display import visible_line
from tui.screens.dialog import Dialog, Key, KeyHint


class Question(Dialog[bool]):
    """A question with its consequences. Gives True for a yes, else None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "agree", "Yes", show=False)]
    KEYS = (Key("Y", "yes", "agree"), Key("Esc", "no, leaves it", "close"))

    DEFAULT_CSS: ClassVar[str] = """
    Question > .dialog--frame { width: 70%; max-width: 72; height: auto; }
    Question.-narrow > .dialog--frame { width: 92%; padding: 1 1 0 1; }
    Question.-short > .dialog--frame { height: auto; }
    Question {
        #question-words { padding: 0 1; }
        .dialog--keys, &.-short .dialog--keys { dock: none; margin-top: 1; }
    }
    """

    def __init__(self, title: str, words: str, *, yes: str = "yes") -> None:
        """Make the question.

        Args:
            title: What is asked.
            words: What a yes means.
            yes: What the key for it says it does.
        """
        super().__init__()
        self._heading, self._words, self._yes = title, words, yes

    def parts(self) -> Iterator[Widget]:
        """The consequences."""
        yield Static(visible_line(self._words), id="question-words", markup=False)

    def on_mount(self) -> None:
        """Put the question into the frame."""
        self.frame.border_title = Content(visible_line(self._heading))
        hint = self.query(KeyHint).first()
        hint.update(Content.assemble(("Y", "bold $accent"), f" {self._yes}"))

    def action_agree(self) -> None:
        """Yes."""
        self.dismiss(True)
