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
from tui.widgets.form_row import FormRow, RowAction, longest, row_id
from tui.widgets.path_suggester import PathSuggester

_ACTIONS = {
    "model": RowAction("Ctrl+O", "picks", "pick_model"),
    "data.source": RowAction("Ctrl+L", "looks at it", "look"),
}
_PATHS = ("data.source", "data.eval_source", "generic_text")
_FOLDED = sum(bool(field.group) for field in FIELDS)
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
        #tune-method { height: auto; padding: 0 1; margin: 0 0 0 19; color: $text-muted; }
    }
    """

    def __init__(self, plan: Plan, name: str) -> None:
        """Make the rows with what a plan says."""
        super().__init__()
        self._first = texts_of(plan, name)

    def compose(self) -> ComposeResult:
        """The rows, in the table's order."""
        for field in FIELDS:
            if not field.group:
                yield self._make_row(field)
                if field.name == "method":
                    yield Static("", id="tune-method", markup=False)
        yield Fold("More settings", id="tune-fold")
        with Vertical(id="tune-more"):
            group = ""
            for field in FIELDS:
                if field.group:
                    if field.group != group:
                        group = field.group
                        yield Static(group, classes="group--title", markup=False)
                    yield self._make_row(field)

    def _make_row(self, field: TuneField) -> FormRow:
        suggester = PathSuggester() if field.name in _PATHS else None
        action = _ACTIONS.get(field.name)
        return FormRow(field, self._first[field.name], default_text(field), suggester=suggester, action=action)

    @property
    def texts(self) -> dict[str, str]:
        """What is filled in, by field."""
        return {row.field.name: row.text for row in self.query(FormRow)}

    def row(self, name: str) -> FormRow:
        """The row of a field."""
        return self.query_one(f"#{row_id(name)}", FormRow)

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
        for row in self.query(FormRow):
            name = row.field.name
            row.display = is_shown(row.field, plan.method)
            row.judge(
                faults.get(name, ""),
                changed=name in changed and bool(row.field.group),
                meaning=meanings.get(name, ""),
                beneath=beneath if name == "data.source" else "",
            )
        words = (METHOD_WORDS[plan.method], METHOD_BRIEFS[plan.method])
        self.query_one("#tune-method", Static).update(longest(words, min(116, self.app.size.width) - _INDENT))
        count = sum(field.name in changed for field in FIELDS if field.group)
        told = f"{count} of {_FOLDED} are not at their defaults" if count else f"{_FOLDED}, all at their defaults"
        self.query_one(Fold).say(f"More settings: {told}")

    def go_to(self, name: str) -> None:
        """Put the cursor into a field, wherever it is."""
        row = self.row(name)
        fold = self.query_one(Fold)
        if row.field.group and not fold.is_open:
            fold.action_turn()
        row.value.focus()

    @on(Fold.Toggled)
    def _toggle(self, event: Fold.Toggled) -> None:
        event.stop()
        self.query_one("#tune-more").set_class(event.is_open, "-open")
        if event.is_open:
            self.call_after_refresh(self.query_one(Fold).scroll_visible, top=True, animate=False)
