"""A data set in words and bars: what is trained is told apart by brackets, not by colour."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from engine.corpus.messages import DataOpened
from engine.corpus.report import FAULT_WORDS, Histogram, Report
from engine.corpus.spec import Columns
from engine.corpus.views import RowView, TokenView
from engine.display import visible, visible_line
from engine.figures import human_count, plural

TRAINED = ("⟦", "⟧")
CUT = ("✂", "✂")
_BAR_COLUMNS = 40
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SHOWN_CHARACTERS = 600
_SHOWN_CUT_CHARACTERS = 60


def opened_in_words(opened: DataOpened) -> str:
    """What the data set is taken for."""
    columns = opened.columns
    how = f"guessed: {_lower(visible_line(columns.why))}" if columns.guessed else "as set"
    lines = [
        visible_line(opened.name),
        f"shape     {columns.shape} ({how})",
        f"columns   {_columns(columns)}",
        f"template  {visible_line(opened.template.name)} ({visible_line(opened.template.id)})"
        if opened.template
        else "template  none: the text is taken as it is",
    ]
    return "\n".join(lines)


def report_in_words(report: Report) -> str:
    """The counts and the histogram."""
    unit = report.unit
    faulty = f", {report.faulty_rows:,} of them faulty" if report.faulty_rows else ""
    lines = [f"{report.count_words}{faulty}"]
    lines.append(f"empty {report.empty_rows:,} · duplicate {report.duplicate_rows:,}")
    lines.append(
        f"{human_count(report.tokens)} {unit}, of which {human_count(report.trained_tokens)} are learned · "
        f"half of them have at most {report.lengths.median:,}, the longest has {report.lengths.longest:,}"
    )
    if report.max_length:
        share = report.truncated_rows / max(1, report.used_rows)
        lines.append(
            f"cut at {report.max_length:,} tokens: {plural(report.truncated_rows, 'row')} ({share:.1%}), "
            f"which lose {plural(report.lost_tokens, 'token')}"
        )
    if report.piece_words:
        lines.append(f"learned as {report.piece_words}")
    if report.labels:
        lines += ["", "labels", *_label_lines(report)]
    if report.lengths.counts:
        lines += ["", f"lengths in {unit}", *_histogram_lines(report.lengths)]
    if report.notes:
        lines += ["", *(f"Note: {visible_line(note)}." for note in report.notes)]
    return "\n".join(lines)


def faults_in_words(report: Report) -> str:
    """Every kind of fault, with the first few of each."""
    lines = []
    for kind in report.faults:
        lines.append(f"{FAULT_WORDS[kind.kind]}: {plural(kind.count, 'row')}")
        lines += [f"  {fault.words}" for fault in kind.first]
        if kind.count > len(kind.first):
            lines.append(f"  and {kind.count - len(kind.first):,} more")
    lines.append("Training skips faulty rows only where you say so: --skip-faulty")
    return "\n".join(lines)


def row_in_words(view: RowView, *, tokens: bool) -> str:
    """A row: its columns, what the model sees, and where it is cut."""
    place = f", {visible_line(view.file)} line {view.line:,}" if view.file and view.line else ""
    lines = [f"── row {view.row:,}{place}"]
    lines += [f"{visible_line(name)}: {_short(visible_line(text))}" for name, text in view.raw.items()]
    if view.fault is not None:
        return "\n".join([*lines, f"FAULTY: {view.fault.words}"])
    size = f", {plural(view.token_count, 'token')}" if view.token_count else ""
    lines.append(f"what the model sees{size} ({TRAINED[0]}learned{TRAINED[1]}, the rest is only read):")
    lines.append(
        "".join(
            f"{TRAINED[0]}{visible(part.text)}{TRAINED[1]}" if part.trained else visible(part.text)
            for part in view.parts
        )
    )
    if view.cut_tokens:
        lines.append(f"{CUT[0]} {plural(view.cut_tokens, 'token')} cut{_cut_words(view)}")
    if tokens and view.tokens:
        lines += ["tokens:", "".join(_marked(view))]
        if view.token_count > len(view.tokens):
            lines.append(f"and {plural(view.token_count - len(view.tokens), 'more token')}")
    return "\n".join(lines)


def _columns(columns: Columns) -> str:
    roles = {
        columns.text: "text",
        columns.prompt: "prompt",
        columns.input: "input",
        columns.completion: "completion",
        columns.label: "label",
        columns.messages: "messages",
    }
    return ", ".join(
        visible_line(name) + (f" = {roles[name]}" if name in roles and roles[name] != name else "")
        if name in roles
        else f"({visible_line(name)})"
        for name in columns.present
    )


def _label_lines(report: Report) -> Iterator[str]:
    most = max(label.rows for label in report.labels)
    names = [
        visible_line(one.word if one.word == one.label else f"{one.label} = {one.word}")[:40] for one in report.labels
    ]
    width = max(map(len, names))
    for name, label in zip(names, report.labels, strict=True):
        yield f"{name:<{width}}  {_bar(label.rows, most)} {label.rows:,}"


def _histogram_lines(histogram: Histogram) -> Iterator[str]:
    most = max(histogram.counts)
    last = len(histogram.counts) - 1
    width = len(f"{last * histogram.width:,}") + 1
    for place, count in enumerate(histogram.counts):
        open_ended = place == last and histogram.longest >= (last + 1) * histogram.width
        start = f"{place * histogram.width:,}{'+' if open_ended else ''}"
        yield f"{start:>{width}}  {_bar(count, most)} {count:,}"


def _bar(count: int, most: int) -> str:
    eighths = round(count / max(1, most) * _BAR_COLUMNS * 8)
    if count and not eighths:
        eighths = 1
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def _cut_words(view: RowView) -> str:
    """Where the cut is: its first and last words."""
    gone = "".join(token.text for token in view.tokens if token.fate == "cut")
    if not gone:
        return " behind what is shown"
    gone = visible_line(gone.strip())
    if len(gone) > 2 * _SHOWN_CUT_CHARACTERS:
        gone = f"{gone[:_SHOWN_CUT_CHARACTERS]} … {gone[-_SHOWN_CUT_CHARACTERS:]}"
    return f": “{gone}”"


def _marked(view: RowView) -> Iterator[str]:
    """The tokens, a bar between them, runs of one fate in their brackets."""
    for fate, run in groupby(view.tokens, key=lambda token: token.fate):
        text = "│".join(_token(token) for token in run)
        left, right = {"trained": TRAINED, "cut": CUT}.get(fate, ("", ""))
        yield f"{left}{text}{right}" if left else f"│{text}│"


def _token(token: TokenView) -> str:
    start = "¶" if token.begins_piece else ""
    return start + visible_line(token.text)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
