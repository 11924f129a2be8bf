"""The faces of the lab's cells and column heads: signs and words, before anything is drawn. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.display import visible, visible_line
from engine.figures import plural
from engine.lab.keys import precision
from engine.lab.records import Lab, Metric, Variation
from engine.lab.scores import is_exact, is_right
from engine.lab.statistics import Interval
from engine.lab.summary import figure_text
from tui.renderables.fitted import both_ends
from tui.state.header import short_sampling_words
from tui.state.lab import CellState, LabView
from tui.state.model import short_name

Look = Literal["", "quiet", "running", "right", "wrong", "failed", "head", "best", "mark"]
SIGNS: dict[CellState, str] = {"waiting": "·", "running": "▸", "done": "●", "kept": "◇", "failed": "!"}
LEGEND = "· waiting  ▸ running  ● done  ◇ kept from before  ! failed"
RIGHT, WRONG = "✓", "✗"
BRIEF: dict[Metric, str] = {"accuracy": "accuracy", "exact": "exact", "perplexity": "perpl.", "diversity": "diversity"}
_LETTERS: dict[Metric, str] = {"accuracy": "acc", "exact": "exact", "perplexity": "ppl", "diversity": "div"}
_LEAST_MODEL, _MODEL_END = 12, 4
_SHOWN = 600
"""Characters of a reply that are looked at for a cell of a few lines."""


class Face(msgspec.Struct, frozen=True):
    """What a cell shows."""

    sign: str
    look: Look
    verdict: str
    """Whether it is right: a sign, empty where that can't be said."""
    words: str
    """Safe to show, on one line."""


def face(view: LabView, row: int, variation: int) -> Face:
    """The face of a cell."""
    state = view.state_of(row, variation)
    cell, sign = view.cell(row, variation), SIGNS[state]
    words = _one_line(cell.text)
    labels = "" if cell.labels is None else _label_words(view.lab, cell.labels.best, cell.labels)
    verdict = _verdict(view, row, variation)
    if state == "failed":
        return Face(sign, "failed", "", visible_line(next(iter(cell.faults.values())).title))
    shown = " · ".join(part for part in (labels, words) if part)
    if state == "waiting" and not shown:
        return Face(sign, "quiet", "", "")
    if state == "running":
        return Face(sign, "running", verdict, shown or "…")
    if not shown and cell.reference is not None:
        shown = f"reference {cell.reference.likelihood.logprob / max(1, cell.reference.likelihood.tokens):.2f} a token"
    look: Look = "right" if verdict == RIGHT else "wrong" if verdict == WRONG else ""
    return Face(sign, look, verdict, shown or "(nothing)")


def _verdict(view: LabView, row: int, variation: int) -> str:
    cell, lab = view.cell(row, variation), view.lab
    if cell.labels is not None and "accuracy" in lab.metrics:
        right = is_right(lab, row, cell.labels)
    elif cell.reply is not None and "exact" in lab.metrics:
        right = is_exact(lab, row, cell.reply)
    else:
        right = None
    return "" if right is None else RIGHT if right else WRONG


def _label_words(lab: Lab, best: int, labels: object) -> str:
    likelihoods = getattr(labels, "likelihoods", ())
    return f"{visible_line(lab.labels[best].word)} {100 * likelihoods[best].share:.0f} %"


def _one_line(text: str) -> str:
    return " ".join(visible(text[:_SHOWN]).split())


def row_words(view: LabView, row: int) -> str:
    """The input of a row, on one line."""
    return _one_line(view.lab.rows[row].input)


def row_label(view: LabView, row: int) -> str:
    """What would be right: the label's word, else the reference; empty where there is neither."""
    return _one_line(view.lab.reference(view.lab.rows[row]))


def head_lines(view: LabView, variation: int, width: int = 80) -> list[tuple[str, Look]]:
    """The lines above a column of a width: its name, what it asks, and its figures as far as they are known."""
    found = view.lab.variations[variation]
    lines: list[tuple[str, Look]] = [
        (visible_line(found.name), "head"),
        (_asked_words(view, found), "quiet"),
    ]
    for place, metric in enumerate(view.lab.metrics):
        summary = view.summary.metrics[place] if view.summary and place < len(view.summary.metrics) else None
        figures = summary.figures if summary is not None else ()
        interval = figures[variation] if variation < len(figures) else None
        is_best = summary is not None and summary.best == variation and len(view.lab.variations) > 1
        lines.append((_figure_line(metric, interval, width - 1, is_best=is_best), "best" if is_best else ""))
    return lines


def _asked_words(view: LabView, variation: Variation) -> str:
    """What a column asks: what is the same for all is said once, beside the inputs."""
    lab = view.lab
    template = visible_line(variation.template.name)
    parts = [short_sampling_words(variation.sampling)]
    if template != visible_line(variation.name):
        parts.append(template)
    if not one_model(lab):
        parts.insert(0, " ".join(filter(None, (short_name(variation.model), precision_words(view, variation.model)))))
    return " · ".join(map(visible_line, parts))


def precision_words(view: LabView, model: str) -> str:
    """What the cells of a model are computed on, and how exactly: cpu float32; empty while nothing is known of it."""
    info = view.loaded.get(model)
    if info is not None:
        return f"{info.device} {info.dtype}"
    known = (view.lab.device, precision(view.lab))
    return " ".join(words for words in known if words != "auto")


def one_model(lab: Lab) -> str:
    """The model of all columns; empty where there are several."""
    models = {variation.model for variation in lab.variations}
    return visible_line(short_name(models.pop())) if len(models) == 1 else ""


def inputs_words(view: LabView) -> str:
    """What stands above the inputs: how many there are, and what holds for all columns."""
    lab = view.lab
    model = one_model(lab)
    parts = [plural(len(lab.rows), "row"), *([model, precision_words(view, lab.variations[0].model)] if model else [])]
    return " · ".join(filter(None, parts))


def _figure_line(metric: Metric, interval: Interval | None, width: int, *, is_best: bool) -> str:
    """A figure with its interval, in as many words as there is room for."""
    if interval is None:
        return f"{BRIEF[metric]} -"
    value, low, high = (figure_text(metric, number) for number in (interval.value, interval.low, interval.high))
    star, plain = "★ " if is_best else "", f"{low.removesuffix(' %')} to {high}"
    choices = (
        f"{star}{BRIEF[metric]} {value} ({plain})",
        f"{star}{_LETTERS[metric]} {value} ({plain})",
        f"{star}{_LETTERS[metric]} {value} ({low.removesuffix(' %')}-{high.removesuffix(' %')})",
        f"{star}{_LETTERS[metric]} {value} ({_whole(low)}-{_whole(high)})",
        f"{star}{_LETTERS[metric]} {value}",
    )
    return next((words for words in choices if len(words) <= width), choices[-1])


def _whole(share: str) -> str:
    """A share without its decimals; other figures stay as they are."""
    return f"{float(share.removesuffix(' %')):.0f}" if share.endswith(" %") else share


def column_words(view: LabView, place: int, width: int = 0) -> str:
    """What a column asks, and how exactly that is computed, in one line; in a width the model's name is cut first."""
    variation = view.lab.variations[place]
    model, exactly = short_name(variation.model), precision_words(view, variation.model)
    parts = [
        variation.template.name,
        model,
        exactly or ("" if width else "precision not known before it is loaded"),
        short_sampling_words(variation.sampling),
    ]
    over = sum(len(part) + 3 for part in parts if part) - 3 - width
    if width and over > 0:
        parts[1] = both_ends(model, max(_LEAST_MODEL, len(model) - over), _MODEL_END)
    return " · ".join(visible_line(part) for part in parts if part)
