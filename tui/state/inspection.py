"""What is known of a data set that somebody looks at; grows with each answer of the process that reads it."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.corpus.messages import (
    AnyDataAnswer,
    ColumnsNamed,
    DataOpened,
    Fetching,
    RowsShown,
    Surveyed,
    SurveyProgress,
)
from engine.corpus.report import Report
from engine.corpus.spec import Columns, DataSpec, Shape
from engine.corpus.views import RowView
from engine.display import visible_line
from engine.errors import TunesmithError
from engine.figures import plural
from tui.state.header import progress_words
from tui.state.option_words import on_screen

SHAPES: dict[Shape, str] = {
    "text": "raw text",
    "completion": "prompt and completion",
    "instruction": "instruction and answer",
    "chat": "conversations",
    "labelled": "text with a label",
}
ROLES: dict[Shape, tuple[tuple[str, str], ...]] = {
    "text": (("text", "Text"),),
    "completion": (("prompt", "Prompt"), ("completion", "Completion")),
    "instruction": (("prompt", "Instruction"), ("input", "Input"), ("completion", "Answer")),
    "chat": (("messages", "Messages"),),
    "labelled": (("text", "Text"), ("label", "Label")),
}
"""The columns of a shape: the name in `Columns`, and what it is called."""
_SHOWN_NAME = 30


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """A data set, as far as it was looked at."""

    spec: DataSpec
    opened: DataOpened | None = None
    present: tuple[str, ...] = ()
    """Its columns, also where it is not clear how to read them."""
    is_looking: bool = False
    fetching: Fetching | None = None
    """What has to come from the hub first."""
    failure: str = ""
    """Why it can't be shown, and what to do."""
    at: int = 1
    """The row that is looked at."""
    row: RowView | None = None
    is_past_end: bool = False
    """There is no row `at`."""
    counted: int = -1
    """Rows that are counted so far; -1 while nobody counts."""
    report: Report | None = None
    survey_failure: str = ""

    @property
    def columns(self) -> Columns | None:
        """How it is read."""
        return self.opened.columns if self.opened else None

    @property
    def consent(self) -> bool:
        """Whether faulty rows may be left out."""
        return self.spec.skip_faulty

    def with_(self, **changes: Any) -> Inspection:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def apply(self, answer: AnyDataAnswer) -> Inspection:
        """Take an answer in."""
        match answer:
            case Fetching():
                return self.with_(fetching=answer) if self.is_looking else self
            case DataOpened(columns=columns):
                return self.with_(opened=answer, present=columns.present, is_looking=False, fetching=None, failure="")
            case ColumnsNamed(present=present):
                return self.with_(present=present)
            case RowsShown(rows=()):
                return self.with_(row=None, is_past_end=True)
            case RowsShown(rows=rows):
                return self.with_(row=rows[0], at=rows[0].row, is_past_end=False)
            case SurveyProgress(rows=count):
                return self.with_(counted=count) if self.counted >= 0 else self
            case Surveyed(report=report):
                return self.with_(report=report, counted=-1)
            case _:
                return self

    def failed(self, error: TunesmithError) -> Inspection:
        """It could not be opened."""
        return self.with_(
            failure=on_screen(error),
            is_looking=False,
            fetching=None,
            opened=None,
            row=None,
            report=None,
            counted=-1,
        )


def reading_of(spec: DataSpec) -> DataSpec:
    """The part of a spec that decides what is seen of it; what only a training run needs is left out."""
    defaults = DataSpec(source="")
    return msgspec.structs.replace(
        spec,
        skip_faulty=False,
        eval_fraction=defaults.eval_fraction,
        eval_source="",
        eval_split="",
        seed=spec.seed if spec.max_rows else 0,
    )


def columns_in_words(columns: Columns) -> str:
    """Which columns play which part: text with a label: review → sentiment."""
    names = [getattr(columns, role) for role, _ in ROLES[columns.shape]]
    joined = " → ".join(shortened(name, _SHOWN_NAME) for name in names if name)
    return f"{SHAPES[columns.shape]}: {joined}"


def shortened(text: str, cells: int) -> str:
    """A name on one line, safe to show, with what is too long left out."""
    shown = visible_line(text)
    return shown if len(shown) <= cells else f"{shown[: cells - 1]}…"


def glimpse(seen: Inspection) -> str:
    """A data set in one line."""
    if seen.failure:
        return f"✗ {seen.failure}"
    if seen.is_looking and seen.fetching is not None:
        return f"The {seen.fetching.what} comes from the hub: {progress_words(seen.fetching.progress)}"
    if seen.is_looking or seen.columns is None:
        return "Looking at it…" if seen.is_looking else ""
    how = ", guessed" if seen.columns.guessed else ""
    parts = [f"{columns_in_words(seen.columns)}{how}"]
    if seen.report is not None:
        parts.append(seen.report.count_words)
        if seen.report.faulty_rows:
            parts.append(f"{seen.report.faulty_rows:,} of them faulty")
    elif seen.counted > 0:
        parts.append(f"{plural(seen.counted, 'row')} and counting")
    return "✓ " + " · ".join(parts)
