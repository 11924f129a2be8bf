"""What all rows of a data set look like together, drawn: counts, lengths, labels, faults."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from engine.corpus.report import FAULT_WORDS, Histogram, Report
from engine.display import visible_line
from engine.figures import human_count, plural
from tui.renderables.fitted import QUIET, labelled
from tui.state.option_words import option_words

_HEADING = "bold $secondary"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_MAX_BAR = 48
_MAX_BINS = 16
_MAX_LABELS = 12
_LABEL_CELLS = 24
_FIGURES_WIDTH = 12


def report_content(report: Report, width: int) -> Content:
    """Everything, from the most pressing to the least."""
    lines = [*_faults(report), labelled(_figures(report), width, _FIGURES_WIDTH)]
    if report.labels:
        lines += [Content(""), Content.styled("Labels", _HEADING), *_labels(report, width)]
    if report.lengths.counts:
        title = f"Length of rows, in {report.unit}"
        lines += [Content(""), Content.styled(title, _HEADING), *_histogram(report.lengths, report.max_length, width)]
    if report.notes:
        lines += [Content(""), Content.styled("Worth knowing", _HEADING)]
        lines += [Content(f"• {option_words(note)}.") for note in report.notes]
    return Content("\n").join(lines)


def _figures(report: Report) -> list[tuple[str, str]]:
    unit = report.unit
    used = max(1, report.used_rows)
    faulty = f", {report.faulty_rows:,} faulty" if report.faulty_rows else ", none faulty"
    twice = f"{report.duplicate_rows:,} duplicate ({report.duplicate_rows / used:.1%})"
    what = "Text blocks" if report.block_rows else "Rows"
    pairs = [
        (what, f"{report.rows:,}{faulty}, {report.empty_rows:,} empty, {twice}"),
        ("Learned", f"{human_count(report.trained_tokens)} of {human_count(report.tokens)} {unit}"),
        ("Lengths", f"half have at most {report.lengths.median:,} {unit}, the longest has {report.lengths.longest:,}"),
    ]
    if report.max_length and report.unit == "tokens":
        share = report.truncated_rows / used
        cut = f"{plural(report.truncated_rows, 'row')} cut at {report.max_length:,} tokens ({share:.1%})"
        lost = f", {plural(report.lost_tokens, 'token')} lost" if report.lost_tokens else ""
        pairs.append(("Cut", cut + lost))
    if report.piece_words:
        pairs.append(("Pieces", report.piece_words))
    return pairs


def _faults(report: Report) -> Iterator[Content]:
    if not report.faulty_rows:
        return
    yield Content.styled(f"✗ {plural(report.faulty_rows, 'row')} can't be used", "bold $text-error")
    for kind in report.faults:
        yield Content.styled(f"  {FAULT_WORDS[kind.kind]}: {plural(kind.count, 'row')}", "bold")
        for fault in kind.first:
            yield Content(f"  · {option_words(fault.words)}")
        if more := kind.count - len(kind.first):
            yield Content.styled(f"    and {more:,} more", QUIET)
    yield Content("")


def _labels(report: Report, width: int) -> Iterator[Content]:
    shown = report.labels[:_MAX_LABELS]
    most = max(label.rows for label in report.labels)
    names = [
        _cut(visible_line(one.word if one.word == one.label else f"{one.label} = {one.word}"), _LABEL_CELLS)
        for one in shown
    ]
    name_width = max(name.cell_length for name in names)
    for name, label in zip(names, shown, strict=True):
        share = f"{label.rows:,} ({label.rows / max(1, report.used_rows):.1%})"
        yield _bar_line(name.pad_right(name_width - name.cell_length), label.rows, most, share, width)
    if more := len(report.labels) - len(shown):
        yield Content.styled(f"and {plural(more, 'more label')}", QUIET)


def _histogram(histogram: Histogram, limit: int, width: int) -> Iterator[Content]:
    step = -(-len(histogram.counts) // _MAX_BINS)
    counts = [sum(histogram.counts[at : at + step]) for at in range(0, len(histogram.counts), step)]
    bin_width = histogram.width * step
    most = max(counts)
    last = len(counts) - 1
    name_width = len(f"{last * bin_width:,}") + 1
    for place, count in enumerate(counts):
        open_ended = place == last and histogram.longest >= (last + 1) * bin_width
        name = f"{place * bin_width:,}{'+' if open_ended else ''}"
        cut = " ✂" if limit and place * bin_width <= limit < (place + 1) * bin_width else ""
        yield _bar_line(Content(f"{name:>{name_width}}"), count, most, f"{count:,}{cut}", width)


def _bar_line(name: Content, count: int, most: int, words: str, width: int) -> Content:
    room = max(4, min(_MAX_BAR, width - name.cell_length - len(words) - 4))
    eighths = round(count / max(1, most) * room * 8)
    if count and not eighths:
        eighths = 1
    bar = "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
    return Content.assemble(name.stylize_before(QUIET), "  ", (bar, "$primary"), " " if bar else "", words)


def _cut(text: str, cells: int) -> Content:
    content = Content(text)
    return content.truncate(cells, ellipsis=True) if content.cell_length > cells else content
