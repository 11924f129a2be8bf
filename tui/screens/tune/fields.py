"""The fields of the form: those in sight, and those that are folded away."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from engine.runs import Plan
from tui.state.tune import changed_fields, default_text, is_shown, texts_of
from tui.state.tune_fields import METHOD_BRIEFS, METHOD_WORDS, TuneField
from tui.state.tune_form import FIELDS
from tui.widgets.fold import Fold
from tui.widgets.form_row import FormRow, RowAction, longest
from tui.widgets.path_suggester import PathSuggester
from tui.widgets.words import Words

_ACTIONS = {
    "model": RowAction("Ctrl+O", "picks", "pick_model"),
    "data.source": RowAction("Ctrl+L", "looks at it", "look"),
}
_PATHS = ("data.source", "data.eval_source", "generic_text")
_INDENT = 30
"""What frame and labels take of the screen's width."""


class TuneFields(VerticalScroll, can_focus=False):
    """All rows. They tell `FormRow.Changed`."""

    DEFAULT_CSS = """
    TuneFields {
        height: 1fr; scrollbar-size-vertical: 1;
        .group--title { height: 1; padding: 0 1; margin-top: 1; color: $secondary; }
        #tune-more { height: auto; display: none; }
        #tune-more.-open { display: block; }
        #tune-method { height: auto; padding: 0 1 0 20; color: $text-muted; }
    }
    """

    def __init__(self, plan: Plan, name: str) -> None:
        """Make the rows with what a plan says."""
        super().__init__()
        self._first = texts_of(plan, name)
        self._rows: dict[str, FormRow] = {}
        self._method = Words(id="tune-method")
        self._fold = Fold("More settings", id="tune-fold")

    def compose(self) -> ComposeResult:
        """The rows, in the table's order."""
        self._rows = {field.name: _row(field, self._first[field.name]) for field in FIELDS}
        for field in FIELDS:
            if not field.group:
                yield self._rows[field.name]
                if field.name == "method":
                    yield self._method
        yield self._fold
        with Vertical(id="tune-more"):
            group = ""
            for field in FIELDS:
                if field.group:
                    if field.group != group:
                        group = field.group
                        yield Static(group, classes="group--title", markup=False)
                    yield self._rows[field.name]

    @property
    def texts(self) -> dict[str, str]:
        """What is filled in, by field; empty until there are fields."""
        return {name: row.text for name, row in self._rows.items()}

    def row(self, name: str) -> FormRow:
        """The row of a field."""
        return self._rows[name]

    def fill(self, texts: Mapping[str, str]) -> None:
        """Fill in some fields."""
        for name, text in texts.items():
            self.row(name).text = text

    def judge(self, plan: Plan, faults: Mapping[str, str], meanings: Mapping[str, str], beneath: str) -> None:
        """Say beside each field what it means or what is wrong with it.

        Args:
            plan: What the fields come to.
            faults: By field.
            meanings: In place of the fields' own.
            beneath: What is known of the data.
        """
        changed = set(changed_fields(self.texts, plan.method))
        for name, row in self._rows.items():
            row.display = is_shown(row.field, plan.method)
            row.judge(
                faults.get(name, ""),
                changed=name in changed and bool(row.field.group),
                meaning=meanings.get(name, ""),
                beneath=beneath if name == "data.source" else "",
            )
        words = (METHOD_WORDS[plan.method], METHOD_BRIEFS[plan.method])
        self._method.say(longest(words, min(116, self.app.size.width) - _INDENT))
        folded = [field.name for field in FIELDS if field.group and is_shown(field, plan.method)]
        count = sum(name in changed for name in folded)
        state = f"{count} of {len(folded)} are not" if count else f"{len(folded)}, all"
        self._fold.say(f"More settings: {state} at their defaults")

    def go_to(self, name: str) -> None:
        """Put the cursor into a field, wherever it is."""
        row = self.row(name)
        if row.field.group and not self._fold.is_open:
            self._fold.action_turn()
        row.value.focus()

    @on(Fold.Toggled)
    def _toggle(self, event: Fold.Toggled) -> None:
        event.stop()
        self.query_one("#tune-more").set_class(event.is_open, "-open")
        if event.is_open:
            self.call_after_refresh(self._fold.scroll_visible, top=True, animate=False)


def _row(field: TuneField, text: str) -> FormRow:
    suggester = PathSuggester() if field.name in _PATHS else None
    return FormRow(field, text, default_text(field), suggester=suggester, action=_ACTIONS.get(field.name))
