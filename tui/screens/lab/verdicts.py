"""Reads what is better, by every score: its sentence, and all columns' figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from engine.display import visible, visible_line
from engine.lab.records import Lab
from engine.lab.summary import MetricSummary, Summary, interval_text
from tui.renderables.fitted import QUIET, Fitted, columns
from tui.screens.dialog import Dialog, Key

_FIGURE_WIDTH = 28
_LEAST_NAME = 12


class Verdicts(Dialog[None]):
    """All scores. Gives nothing."""

    HEADING = "What is better, by each score"
    AUTO_FOCUS = ""
    KEYS = (Key("↑↓ PgUp PgDn", "scroll"), Key("Esc", "closes", "close"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-2)", show=False),
        Binding("down,j", "scroll(2)", show=False),
        Binding("pageup", "scroll(-15)", show=False),
        Binding("pagedown,space", "scroll(15)", show=False),
        Binding("enter,v,q", "close", show=False),
    ]
    DEFAULT_CSS: ClassVar[str] = """
    Verdicts > .dialog--frame { max-width: 110; height: auto; }
    Verdicts {
        #verdicts-body { height: auto; max-height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
        #verdicts-body Static { height: auto; }
        .dialog--keys, &.-short .dialog--keys { dock: none; margin-top: 1; }
    }
    """

    def __init__(self, lab: Lab, summary: Summary) -> None:
        """Show the figures as they are now."""
        super().__init__()
        self._lab, self._summary = lab, summary

    def parts(self) -> Iterator[Widget]:
        """One text that scrolls."""
        text = Fitted(lambda width: _text(self._lab, self._summary, width))
        yield VerticalScroll(Static(text, markup=False), id="verdicts-body", can_focus=False)

    def action_scroll(self, lines: int) -> None:
        """Scroll."""
        self.query_one("#verdicts-body").scroll_relative(y=lines, animate=False)


def _text(lab: Lab, summary: Summary, width: int) -> Content:
    parts = [Content("\n").join(_of_score(lab, metric, width)) for metric in summary.metrics]
    note = "In brackets: the 95 % interval. W uses the column that is best by the first score."
    return Content("\n\n").join([*parts, Content.styled(note, QUIET)])


def _of_score(lab: Lab, metric: MetricSummary, width: int) -> list[Content]:
    lines = [Content.styled(metric.title, "bold $secondary")]
    if metric.verdict:
        lines.append(Content(visible(metric.verdict)))
    for place, (variation, figure) in enumerate(zip(lab.variations, metric.figures, strict=True)):
        is_best = place == metric.best and len(lab.variations) > 1
        style = "bold $accent" if is_best else ""
        name = Content.styled(f"{'★' if is_best else ' '} {visible_line(variation.name)}", style)
        words = Content.styled(interval_text(metric.metric, figure), style)
        lines.append(columns((name, max(_LEAST_NAME, width - _FIGURE_WIDTH - 2), False), (words, _FIGURE_WIDTH, True)))
    return lines
