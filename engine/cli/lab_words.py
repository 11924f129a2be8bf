"""What `tunesmith lab` shows of a table: progress while it fills, the figures, the cells."""

from __future__ import annotations

import sys

from engine.cli.output import clip, is_terminal, narrate, out, out_json, redraw, table, terminal_columns
from engine.display import visible_line
from engine.figures import human_duration, plural
from engine.lab.events import (
    AnyLabEvent,
    CellDone,
    CellFailed,
    CellLost,
    LabFinished,
    LabStarted,
    ModelLoaded,
    ModelLoading,
    Progressed,
)
from engine.lab.export import cell_text
from engine.lab.figures import cell_figures
from engine.lab.records import Fault
from engine.lab.summary import MetricSummary, interval_text
from engine.lab.table import Table
from engine.protocol import Frozen

_SHOWN_FAULTS = 3
_INPUT_CELLS, _CELL_CELLS = 60, 100
"""The widest that a column may be in a pipe too, where whole texts would hide the table; an export has them."""
_STAGES = {"finding": "Looking for", "downloading": "Downloading", "importing": "Starting the model host for"}


class SummaryLine(Frozen, frozen=True, tag_field="type", tag="summary"):
    """The last line of JSON."""

    name: str
    variations: tuple[str, ...]
    done: int
    failed: int
    total: int
    metrics: tuple[MetricSummary, ...]
    winner: str | None


class LabView:
    """Progress on stderr; cells as lines of JSON on stdout, each when all of it is there."""

    def __init__(self, filled: Table, *, as_json: bool) -> None:
        """Watch a table."""
        self._table, self._as_json = filled, as_json
        self._live = is_terminal(sys.stderr)
        self._width = 0
        self._told_tenths = 0
        self._faults: list[Fault] = []
        self._open: dict[tuple[int, int], int] = {}

    def show(self, event: AnyLabEvent) -> None:
        """Take an event to the table, and show it."""
        changed = self._table.apply(event)
        match event:
            case LabStarted(total=total, known=known):
                self._say(
                    f"{plural(total, 'answer')} to find, {known} known already"
                    if known
                    else f"{plural(total, 'answer')} to find"
                )
            case ModelLoading():
                self._line(f"{_STAGES.get(event.stage, 'Loading')} {event.model}…")
            case ModelLoaded(model=model):
                wanted = self._table.lab.dtype
                instead = f" (batches know no {wanted})" if wanted not in ("auto", model.dtype) else ""
                self._say(
                    f"{model.name} is ready after {event.seconds:.1f} s, in {model.dtype}{instead} on {model.device}"
                )
            case CellDone() | CellFailed():
                if isinstance(event, CellFailed):
                    self._faults.append(event.fault)
                if changed is not None:
                    self._answered(changed)
            case CellLost() if changed is not None:
                self._open[changed] = self._open.get(changed, 0) + 1
            case Progressed():
                self._progress(event)
            case LabFinished():
                self.clear()
                self._tell_faults()
            case _:
                pass

    def clear(self) -> None:
        """End the line of progress."""
        if self._width:
            redraw("", self._width)
            sys.stderr.write("\r")
            sys.stderr.flush()
            self._width = 0

    def _answered(self, cell: tuple[int, int]) -> None:
        lab = self._table.lab
        asked = self._open.setdefault(cell, len(lab.parts_of(lab.rows[cell[0]]))) - 1
        self._open[cell] = asked
        if asked == 0 and self._as_json:
            out_json(cell_figures(self._table, *cell))

    def _progress(self, event: Progressed) -> None:
        over = event.done + event.failed
        rest = f", about {human_duration(event.eta_s)} left" if event.eta_s else ""
        failed = f", {event.failed} failed" if event.failed else ""
        text = f"{over} of {plural(event.total, 'answer')}{failed}{rest}"
        if self._live:
            self._line(text)
        elif event.total and over * 10 // event.total > self._told_tenths:
            self._told_tenths = over * 10 // event.total
            narrate(text)

    def _line(self, text: str) -> None:
        if self._live:
            self._width = redraw(text, self._width)

    def _say(self, text: str) -> None:
        self.clear()
        narrate(text)

    def _tell_faults(self) -> None:
        if not self._faults:
            return
        narrate(f"{len(self._faults)} could not be had; the next run tries them again:")
        titles = list(dict.fromkeys(fault.title for fault in self._faults))
        for title in titles[:_SHOWN_FAULTS]:
            narrate(f"  {title}")
        if len(titles) > _SHOWN_FAULTS:
            narrate(f"  and {len(titles) - _SHOWN_FAULTS} more")


def print_table(filled: Table) -> None:
    """Print the cells, then the figures, then what they mean."""
    lab = filled.lab
    columns = terminal_columns() if is_terminal(sys.stdout) else 0
    names = [variation.name for variation in lab.variations]
    cells = [
        [
            str(row + 1),
            clip(visible_line(asked.input), _INPUT_CELLS),
            *(clip(visible_line(cell_text(filled, row, place)), _CELL_CELLS) or "-" for place in range(len(names))),
        ]
        for row, asked in enumerate(lab.rows)
    ]
    out(table(["", "INPUT", *names], cells, right=(0,), columns=columns))
    summary = filled.summary()
    if not summary.metrics:
        return
    figures = [[line.title, *(interval_text(line.metric, each) for each in line.figures)] for line in summary.metrics]
    out("")
    out(table(["SCORE", *names], figures, columns=columns))
    out("")
    for line in summary.metrics:
        if line.verdict:
            out(f"{line.title}: {line.verdict}")
    out("In brackets: 95 % confidence intervals over the rows.")


def print_summary_json(filled: Table) -> None:
    """Print the last line of JSON."""
    summary, progress, names = filled.summary(), filled.progress, [each.name for each in filled.lab.variations]
    out_json(
        SummaryLine(
            name=filled.lab.name,
            variations=tuple(names),
            done=progress.done,
            failed=progress.failed,
            total=progress.total,
            metrics=summary.metrics,
            winner=names[summary.winner] if summary.winner is not None else None,
        )
    )
