"""What was found in the data: counts, never formatted strings, beside faults that speak for themselves."""

from __future__ import annotations

from typing import Literal

from engine.corpus.spec import Columns
from engine.display import visible_line
from engine.figures import plural
from engine.protocol import Frozen, Template

FaultKind = Literal[
    "not-json",
    "torn-line",
    "not-an-object",
    "not-utf8",
    "nul-character",
    "too-big",
    "ragged",
    "missing-column",
    "wrong-type",
    "empty",
    "unknown-label",
    "bad-turns",
    "template",
    "nothing-to-train",
]
FAULT_WORDS: dict[FaultKind, str] = {
    "not-json": "No JSON",
    "torn-line": "A line that breaks off",
    "not-an-object": "No object",
    "not-utf8": "No UTF-8 text",
    "nul-character": "A NUL character",
    "too-big": "Too big",
    "ragged": "More or fewer values than columns",
    "missing-column": "A column is missing",
    "wrong-type": "Of the wrong type",
    "empty": "Empty",
    "unknown-label": "No label that is known",
    "bad-turns": "Turns out of order",
    "template": "The template can't dress it",
    "nothing-to-train": "Nothing that is learned fits",
}
"""What a person is told of each kind; the kind itself is for scripts."""


class Fault(Frozen, frozen=True, kw_only=True):
    """A row that can't be used, and why."""

    kind: FaultKind
    row: int
    """Counted from 1 over the whole source."""
    file: str = ""
    """Its name; empty for a hub data set."""
    line: int = 0
    """Counted from 1, where the file has lines."""
    column: str = ""
    found: str = ""
    """What is there: "the number 5"."""
    expected: str = ""
    """What should be: "text"."""
    hint: str = ""
    """What to do."""

    @property
    def place(self) -> str:
        """Where it is: reviews.csv, row 12 (line 14), column "label"."""
        parts = [visible_line(self.file)] if self.file else []
        parts.append(f"row {self.row:,}" + (f" (line {self.line:,})" if self.line and self.line != self.row else ""))
        if self.column:
            parts.append(f'column "{visible_line(self.column)}"')
        return ", ".join(parts)

    @property
    def words(self) -> str:
        """All of it in one line, safe to show."""
        expected = f"; expected {self.expected}" if self.expected else ""
        hint = f". {self.hint}" if self.hint else ""
        return visible_line(f"{self.place}: found {self.found}{expected}{hint}")


class FaultCount(Frozen, frozen=True, kw_only=True):
    """How often one kind of fault occurs."""

    kind: FaultKind
    count: int
    first: tuple[Fault, ...]
    """A few of them."""


class LabelCount(Frozen, frozen=True, kw_only=True):
    """How many rows have a label."""

    label: str
    """As it is in the data."""
    word: str
    """What the model sees."""
    rows: int


class Histogram(Frozen, frozen=True, kw_only=True):
    """Lengths, in bins of equal width."""

    width: int
    """Bin `i` counts lengths from `i * width` up to and without `(i + 1) * width`; the last one also all above."""
    counts: tuple[int, ...] = ()
    longest: int = 0
    median: int = 0
    mean: float = 0.0


class Report(Frozen, frozen=True, kw_only=True):
    """What all rows together look like."""

    columns: Columns
    template: Template | None = None
    """The one that was used; None for raw text."""
    unit: Literal["tokens", "characters"] = "tokens"
    """Of the lengths; characters where no tokenizer was given."""
    rows: int = 0
    """All that were read, faulty ones included."""
    block_rows: int = 0
    """Of them, those that are only a part of a long plain text, which is read in blocks."""
    faulty_rows: int = 0
    faults: tuple[FaultCount, ...] = ()
    empty_rows: int = 0
    """Of the faulty ones."""
    duplicate_rows: int = 0
    """Rows of which the model would see the same as of an earlier one."""
    max_length: int = 0
    """In tokens; 0 is no limit."""
    truncated_rows: int = 0
    """Rows that lose something to `max_length`."""
    lost_tokens: int = 0
    split_rows: int = 0
    """Raw texts that go on in a further piece; nothing of them is lost."""
    pieces: int = 0
    """What the model is trained on: rows, and the further pieces of long texts."""
    tokens: int = 0
    """Of all pieces that are trained on: held-out ones are not counted. Characters where there is no tokenizer."""
    trained_tokens: int = 0
    """Those that the loss is taken on."""
    lengths: Histogram = Histogram(width=1)
    """Of whole rows, before anything is cut."""
    labels: tuple[LabelCount, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person should know, in sentences."""

    @property
    def count_words(self) -> str:
        """How many rows there are, by what they are: 2,000 rows, 67 blocks of text."""
        if self.block_rows:
            return plural(self.rows, "block of text", "blocks of text")
        return plural(self.rows, "row")

    @property
    def piece_words(self) -> str:
        """What becomes of texts that are longer than a row may be; empty where there are none."""
        if not self.split_rows:
            return ""
        goes = "goes" if self.split_rows == 1 else "go"
        long = f"{plural(self.split_rows, 'long text')} {goes} on in further pieces"
        return f"{plural(self.pieces, 'piece')} of at most {self.max_length:,} tokens: {long}, and nothing is lost"

    @property
    def used_rows(self) -> int:
        """Rows without a fault."""
        return self.rows - self.faulty_rows

    @property
    def skipped_rows(self) -> int:
        """Rows that were left out for a fault, with consent."""
        return self.faulty_rows
