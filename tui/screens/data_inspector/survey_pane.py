"""All rows at once: lengths, what is cut, labels, and what can't be used."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Checkbox, Label, Static

from engine.figures import plural
from tui.renderables.data_report import report_content
from tui.renderables.fitted import QUIET, Fitted
from tui.state.inspection import Inspection
from tui.widgets.tick import Tick

_STOPPED = "Counting was stopped. C counts all rows."


class SurveyPane(Vertical):
    """The counts, or how far counting is."""

    DEFAULT_CSS = """
    SurveyPane {
        #survey-body { height: 1fr; scrollbar-size-vertical: 1; padding: 0 1; }
        #survey-body:focus { background: $background 50%; }
        #survey-text { height: auto; }
        #survey-consent { height: 1; display: none; }
        #survey-consent Tick { width: 7; }
        #survey-consent Label { color: $text-muted; }
    }
    """

    class CountAsked(Message):
        """Somebody wants all rows counted, or no longer."""

    class Consent(Message):
        """Somebody agrees to go on without faulty rows, or no longer."""

        def __init__(self, *, given: bool) -> None:
            """Carry it."""
            super().__init__()
            self.given = given

    class Body(VerticalScroll):
        """What scrolls, and takes the key."""

        BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "count", show=False)]

        def action_count(self) -> None:
            """Count, or stop counting."""
            self.post_message(SurveyPane.CountAsked())

    def compose(self) -> ComposeResult:
        """The counts, and beneath them the consent."""
        with self.Body(id="survey-body"):
            yield Static("", id="survey-text", markup=False)
        with Horizontal(id="survey-consent"):
            yield Tick("")
            yield Label("", markup=False)

    def show(self, seen: Inspection) -> None:
        """Show what is known."""
        text = self.query_one("#survey-text", Static)
        report = seen.report
        consent = self.query_one("#survey-consent")
        consent.display = report is not None and report.faulty_rows > 0
        if report is not None:
            text.update(Fitted(lambda width: report_content(report, width)))
            with self.prevent(Checkbox.Changed):
                self.query_one(Tick).value = seen.consent
            words = f"Go on without the {plural(report.faulty_rows, 'faulty row')}"
            self.query_one("#survey-consent Label", Label).update(words)
        elif seen.survey_failure:
            text.update(Content.styled(f"✗ {seen.survey_failure}", "$text-error"))
        elif seen.counted >= 0:
            text.update(Content.assemble(f"{plural(seen.counted, 'row')} counted… ", ("C stops", QUIET)))
        else:
            text.update(_STOPPED if seen.opened is not None else "")

    @on(Tick.Submitted)
    def _tick(self) -> None:
        self.query_one(Tick).toggle()  # it is the only field here

    @on(Checkbox.Changed)
    def _ticked(self, event: Checkbox.Changed) -> None:
        event.stop()
        self.post_message(self.Consent(given=event.value))
