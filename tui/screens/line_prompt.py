"""Asks for one line of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from engine.display import visible_line
from tui.screens.dialog import Dialog, Key, KeyHint


def anything(text: str) -> str:
    """Accept every line that is not empty."""
    return "" if text.strip() else "Type something first"


class LinePrompt(Dialog[str]):
    """One line, with what is wrong with it beneath. Gives the line, or None."""

    KEYS = (Key("Enter", "keeps it", "keep"), Key("Esc", "leaves all as it was", "close"))

    DEFAULT_CSS: ClassVar[str] = """
    LinePrompt > .dialog--frame { width: 80%; max-width: 100; height: auto; }
    LinePrompt.-narrow > .dialog--frame { width: 96%; padding: 1 1 0 1; }
    LinePrompt.-short > .dialog--frame { height: auto; }
    LinePrompt {
        Input { border: none; height: 1; padding: 0 1; background: $panel; }
        Input:focus { border: none; }
        #line-hint { color: $text-muted; padding: 0 1; margin-top: 1; }
        #line-fault { color: $text-error; padding: 0 1; display: none; }
        .dialog--keys, &.-short .dialog--keys { dock: none; margin-top: 1; }
    }
    """

    def __init__(
        self,
        title: str,
        *,
        value: str = "",
        hint: str = "",
        placeholder: str = "",
        validate: Callable[[str], str] = anything,
        does: str = "keeps it",
    ) -> None:
        """Make the question.

        Args:
            title: What is asked for.
            value: What stands there at first, selected, so that typing replaces it.
            hint: One line of help beneath.
            placeholder: Shown while nothing is typed.
            validate: What is wrong with a line, in words; empty where nothing is.
            does: What Enter does, as the last line says it.
        """
        super().__init__()
        self._heading = title
        self._value = value
        self._hint = hint
        self._placeholder = placeholder
        self._validate, self._does = validate, does

    def parts(self) -> Iterator[Widget]:
        """The line, the hint, and room for a fault."""
        yield Input(self._value, placeholder=visible_line(self._placeholder), compact=True, select_on_focus=True)
        yield Static("", id="line-fault", markup=False)
        if self._hint:
            yield Static(visible_line(self._hint), id="line-hint", markup=False)

    def on_mount(self) -> None:
        """Put the title into the frame."""
        self.frame.border_title = Content(visible_line(self._heading))
        self.query(KeyHint).first().update(Content.assemble(("Enter", "bold $accent"), f" {self._does}"))

    @on(Input.Changed)
    def _forget_fault(self) -> None:
        self._say("")

    @on(Input.Submitted)
    def action_keep(self) -> None:
        """Give the line, where it can be used."""
        text = self.query_one(Input).value
        if fault := self._validate(text):
            self._say(fault)
        else:
            self.dismiss(text)

    def _say(self, fault: str) -> None:
        static = self.query_one("#line-fault", Static)
        static.display = bool(fault)
        static.update(f"✗ {visible_line(fault)}")
