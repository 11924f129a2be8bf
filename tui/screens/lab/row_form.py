"""Types one row of the lab: an input, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label, Static, TextArea

from engine.data.rows import label_key
from engine.display import visible_line
from engine.lab.records import Label as LabLabel
from engine.lab.records import Row
from tui.screens.dialog import Dialog, Key


class RowForm(Dialog[Row]):
    """Three fields. Gives the row, or None."""

    HEADING = "A row: one input for every column"
    AUTO_FOCUS = "TextArea"
    KEYS = (Key("Ctrl+S", "keeps it", "keep"), Key("Tab", "moves"), Key("Esc", "leaves it as it was", "close"))
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "keep", show=False, priority=True)]
    DEFAULT_CSS: ClassVar[str] = """
    RowForm > .dialog--frame { width: 86%; max-width: 110; height: auto; }
    RowForm.-short > .dialog--frame { height: auto; }
    RowForm {
        TextArea { height: 8; border: none; padding: 0 1; background: $panel; }
        &.-short TextArea { height: 6; }
        Input, Input:focus { border: none; height: 1; padding: 0 1; background: $panel; }
        Input:focus, TextArea:focus { background: $primary 30%; }
        Label { color: $text-muted; padding: 0 1; }
        Input { margin-bottom: 1; }
        TextArea { margin-bottom: 1; }
        #row-fault { color: $text-error; padding: 0 1; display: none; }
        .dialog--keys, &.-short .dialog--keys { dock: none; margin-top: 0; }
    }
    """

    def __init__(
        self, row: Row | None, labels: Sequence[LabLabel], keep: Callable[[Row], object] = lambda _: None
    ) -> None:
        """Make the form.

        Args:
            row: What it begins with; None for an empty one.
            labels: The lab's.
            keep: Told what stands in it when it is left.
        """
        super().__init__()
        self._row = row or Row(input="")
        self._labels, self._keep = labels, keep

    def parts(self) -> Iterator[Widget]:
        """Input, reference and label."""
        yield Label("What the model is asked", markup=False)
        yield TextArea(self._row.input, compact=True, tab_behavior="focus", placeholder="Type or paste an input")
        yield Label("The reply that would be right, where there is one", markup=False)
        yield Input(self._row.reference, compact=True, id="row-reference", placeholder="for exact match and perplexity")
        words = ", ".join(f"{label.value} = {label.word}" for label in self._labels)
        yield Label(f"Its label{f': {visible_line(words)}' if words else ''}", markup=False)
        yield Input(self._row.label, compact=True, id="row-label", placeholder="for accuracy; S sets the labels' words")
        yield Static("", id="row-fault", markup=False)

    def action_keep(self) -> None:
        """Give the row, where it has an input."""
        row = self._typed
        if not row.input.strip():
            fault = self.query_one("#row-fault", Static)
            fault.display = True
            fault.update(Content("✗ The input is empty"))
            self.query_one(TextArea).focus()
            return
        self._keep(Row(input=""))
        self.dismiss(row)

    def action_close(self) -> None:
        """Leave; what was typed is told."""
        self._keep(self._typed)
        self.dismiss(None)

    @property
    def _typed(self) -> Row:
        label = self.query_one("#row-label", Input).value.strip()
        by_word = {each.word.casefold(): each.value for each in self._labels}
        return Row(
            input=self.query_one(TextArea).text,
            reference=self.query_one("#row-reference", Input).value,
            label=by_word.get(label.casefold(), label_key(label) or ""),
        )
