"""The lines around the lab's table."""

from __future__ import annotations

from textual.content import Content

from engine.display import visible_line
from engine.figures import plural
from tui.renderables.fitted import QUIET, columns
from tui.renderables.link import link
from tui.renderables.meter import meter
from tui.state.lab import LabView
from tui.state.lab_cells import LEGEND, column_words
from tui.state.lab_draft import Draft
from tui.state.lab_words import EMPTY, hint_words, phase_words, progress_words, shape_words, share_done, verdict_lines
from tui.widgets.lab_grid import INPUTS

_BAR = 20
_STYLES = {"▸": "$accent", "!": "$error", "●": "$success", "‖": "bold", "○": "bold"}


def head_text(draft: Draft, view: LabView, width: int) -> Content:
    """One line: the lab's name and size; how far it is."""
    left = Content.assemble(
        ("Lab ", QUIET), (visible_line(draft.lab.name), "bold $accent"), "  ", (shape_words(draft.lab), QUIET)
    )
    if not draft.can_run:
        return left.truncate(width, ellipsis=True)
    words = phase_words(view)
    right = Content.assemble((words, _STYLES.get(words[0], "")))
    if progress := progress_words(view):
        right = Content.assemble(right, (f"  {progress}", QUIET))
    if width - left.cell_length - right.cell_length > _BAR + 4 and view.table.progress.total and not view.is_complete:
        right = Content.assemble((meter(share_done(view), _BAR), "$accent"), " ", right)
    room = width - right.cell_length - 2
    return columns((left, max(12, room), False), (right, right.cell_length, True))


def foot_text(draft: Draft, view: LabView, width: int, *, lines: int) -> Content:
    """What is better, else what to do next."""
    verdicts = verdict_lines(draft.lab, view.summary)
    if verdicts and not view.fault:
        found = [Content(line) for line in verdicts]
        whole = Content("\n").join(found)
        if len(found) == 1 or whole.get_height({}, max(1, width)) <= lines:
            return whole
        rest = f"V reads {plural(len(found) - 1, 'more score')}"
        return Content.assemble(found[0], "  ", link(Content.styled(rest, QUIET), "screen.lab_verdicts"))
    words = hint_words(draft, view)
    return Content.styled(words, "$text-error" if view.fault else QUIET)


def legend_text(view: LabView, row: int, column: int, width: int) -> Content:
    """Where the cursor is, and what the signs mean."""
    lab = view.lab
    if not lab.rows:
        return Content("")
    where = f"Row {row + 1:,} of {len(lab.rows):,}"
    if column == INPUTS:
        where += " · its input: E changes it"
    elif column < len(lab.variations):
        where += f" · {column_words(view, column, max(1, width - len(where) - 3))}"
    legend = Content.styled(LEGEND, QUIET)
    room = width - legend.cell_length - 2
    if room < max(24, Content(where).cell_length):
        return legend.truncate(width, ellipsis=True) if width < 60 else Content.styled(where, QUIET).truncate(width)
    return columns((Content(where), room, False), (legend, legend.cell_length, True))


def empty_text() -> Content:
    """What to do where there is nothing yet."""
    first, *rest = EMPTY
    lines = [Content.styled(first, "bold")]
    for line in rest:
        lines.append(Content.assemble((line[:1], "bold $accent"), line[1:]))
    return Content("\n").join(lines)
