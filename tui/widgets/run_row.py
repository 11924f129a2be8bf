"""How a run is drawn in the list of runs."""

from __future__ import annotations

from textual.content import Content

from engine.display import visible_line
from engine.figures import human_bytes
from engine.runs.store import RunSummary
from tui.renderables.fitted import QUIET, both_ends, columns, labelled, marked
from tui.state.picking import match_spans
from tui.state.run_rows import best_words, method_words, run_facts, step_words, what_words
from tui.state.run_words import GLYPHS, log_words, state_words
from tui.widgets.dock_parts import STATE_STYLES

_LABEL_WIDTH = 11
_TIME_WIDTH = len("-1125-0933")
"""The end of a name that the program has made."""


def run_columns(run: RunSummary, query: str, shown: bool, width: int) -> Content:
    """A run on one line: name, state in words, progress, best loss; method, model and data as there is room."""
    state = run.state.state
    name_width = max(22, min(34, width - 52))
    shown_name = both_ends(run.name, name_width - 2, _TIME_WIDTH)
    name = Content.assemble(
        (f"{GLYPHS[state]} ", STATE_STYLES.get(state, "")), marked(shown_name, match_spans(shown_name, query))
    )
    rest = width - name_width - 2 - 14 - 2 - 5 - 2 - 8 - 2
    return columns(
        (name.stylize("bold") if shown else name, name_width, False),
        (Content(state_words(run.state)[2:]), 14, False),
        (Content(step_words(run)), 5, True),
        (Content(best_words(run)), 8 if width >= 48 else 0, True),
        (Content.styled(method_words(run), QUIET), 11 if rest >= 11 else 0, False),
        (Content.styled(what_words(run), QUIET), rest - 13 if rest >= 28 else 0, False),
    )


def run_page(run: RunSummary, now_s: float, width: int) -> Content:
    """All that is known of a run."""
    lines = [
        Content.styled(visible_line(run.name), "bold $accent"),
        Content(""),
        labelled(run_facts(run, now_s), width, _LABEL_WIDTH),
    ]
    if run.state.state in ("died", "failed"):
        lines += [Content(""), Content.styled("The end of its log", "bold $secondary")]
        lines += [Content.styled(line, "$text-error") for line in log_words(run.state.log_lines, 6)]
    return Content("\n").join(lines)


def run_lines(run: RunSummary, width: int) -> Content:
    """The same on two lines, for a narrow terminal."""
    first = f"{what_words(run)} · {method_words(run)} · {human_bytes(run.size_bytes)}"
    second = visible_line(run.state.words)
    return Content("\n").join([Content(line).truncate(width, ellipsis=True) for line in (first, second)])
