"""What is said of a lab: how it stands, what is better, and what can be done. Pure."""

from __future__ import annotations

from engine.display import visible, visible_line
from engine.figures import human_bytes, human_duration, plural
from engine.lab.records import Lab, Variation
from engine.lab.summary import TITLES, Summary
from tui.state.header import sampling_words
from tui.state.lab import LabView
from tui.state.lab_draft import Draft
from tui.state.model import short_name

EMPTY = (
    "Which words work best? Put the same inputs to several prompts, models or settings, and see.",
    "",
    "A  type a row: what you would ask the model",
    "F  take the rows of a file, with scores where it has labels or answers",
    "C  add a column: a template, a model and its sampling",
    "O  open a lab from before, or a spec file",
    "R  run: each cell fills while you watch, or while you chat",
)
_STAGES = {
    "finding": "looking for",
    "downloading": "downloading",
    "importing": "starting the process for",
    "converting": "converting, once,",
    "reading": "reading",
    "placing": "getting ready",
}


def shape_words(lab: Lab) -> str:
    """How large it is, and what is scored: 10 rows × 2 columns · accuracy."""
    parts = [f"{plural(len(lab.rows), 'row')} × {plural(len(lab.variations), 'column')}"]
    if lab.metrics:
        parts.append(", ".join(lab.metrics))
    return " · ".join(parts)


def phase_words(view: LabView) -> str:
    """How the filling goes, with a sign."""
    match view.phase:
        case "loading" if view.loading is not None:
            return f"▸ {_loading_words(view)}"
        case "loading" | "running":
            return "▸ Running"
        case "pausing":
            return "‖ Pausing…"
        case "failed":
            return "! Ended by a fault"
        case "finished" if view.is_complete:
            return "● Complete"
        case "finished":
            return "! Done, with failures: R tries those again"
        case _:
            progress = view.table.progress
            if view.is_complete:
                return "● Complete"
            return "‖ Paused: R goes on" if progress.done else "○ Ready: R runs it"


def _loading_words(view: LabView) -> str:
    loading = view.loading
    assert loading is not None
    words = visible_line(f"{_STAGES.get(loading.stage, loading.stage)} {short_name(loading.model)}")
    words = words[0].upper() + words[1:]
    if not loading.total_bytes:
        return f"{words}…"
    share = 100 * loading.done_bytes / loading.total_bytes
    return f"{words}, {share:.0f} % of {human_bytes(loading.total_bytes)}"


def progress_words(view: LabView) -> str:
    """How far it has come: 12 of 40 · 2 failed · 3 s left."""
    progress = view.table.progress
    if not progress.total:
        return ""
    if view.is_complete and not view.is_working:
        return "W uses the winner · X exports" if view.summary and view.summary.winner is not None else "X exports"
    parts = [f"{progress.done:,} of {progress.total:,}"]
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if view.is_working and progress.eta_s is not None:
        parts.append(f"{human_duration(progress.eta_s)} left")
    return " · ".join(parts)


def share_done(view: LabView) -> float:
    """How much of it is there, from 0 to 1."""
    progress = view.table.progress
    return progress.done / progress.total if progress.total else 0.0


def verdict_lines(lab: Lab, summary: Summary | None) -> list[str]:
    """A sentence for each score that says whether the best is really better than the second."""
    if summary is None:
        return []
    found = [metric for metric in summary.metrics if metric.verdict]
    if len(found) == 1 and len(lab.metrics) == 1:
        return [visible(found[0].verdict)]
    return [visible(f"{TITLES[metric.metric]}: {metric.verdict}") for metric in found]


def doubt_words(lab: Lab, summary: Summary) -> str:
    """What speaks against the winner, in sentences; empty where it is better beyond these rows, by every score."""
    deciding = summary.deciding
    if deciding is None or len(lab.variations) < 2:
        return ""
    words, difference = [], deciding.difference
    if difference is None:
        words.append("But nothing is known yet of another column on the same rows.")
    elif difference.value == 0:
        words.append("But the second does as well on these rows: more rows may tell them apart.")
    elif not difference.is_clear:
        words.append("But its lead can be chance: more rows would tell.")
    for metric in summary.metrics:
        if metric.best not in (None, deciding.best):
            name = lab.variations[metric.best].name
            words.append(f"By {_in_sentence(TITLES[metric.metric])} {name} is best.")
    return visible_line(" ".join(words))


def used_words(variation: Variation) -> str:
    """How the chat asks from now on, all of it: the limit of a reply's length is easily forgotten."""
    sampling = variation.sampling
    parts = [
        f"template {variation.template.name}",
        short_name(variation.model),
        sampling_words(sampling),
        f"{plural(sampling.max_new_tokens, 'token')} at most",
    ]
    if sampling.temperature > 0 and sampling.seed is None:
        parts.append("a new seed for each reply")
    if variation.variables:
        parts.append("the column's blanks")
    return visible_line(f"The chat asks like {variation.name} now: {', '.join(parts)}.")


def _in_sentence(title: str) -> str:
    return title[0].lower() + title[1:]


def hint_words(draft: Draft, view: LabView) -> str:
    """What to do next, where nothing is said of what is better yet."""
    if view.fault:
        return visible_line(view.fault)
    if not draft.lab.rows:
        return "No rows yet: A types one, F takes those of a file."
    if not draft.lab.variations:
        return "No columns yet: C adds one."
    if len(draft.lab.variations) == 1:
        return "One column alone can't be compared: C adds another, D takes a copy of it."
    if not draft.lab.metrics:
        return "Nothing is scored: S sets up scores. Different word pairs need no labels and no references."
    return ""


def header_words(view: LabView) -> str:
    """For the line above the chat, while it is computed: lab 12 of 40."""
    if not view.is_working:
        return ""
    progress = view.table.progress
    return f"▸ lab {progress.done:,} of {progress.total:,}" if progress.total else "▸ lab"
