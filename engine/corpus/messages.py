"""What the process that reads data is asked, and what it answers: one struct, one line of JSON.

One data set is open at a time. Every command has an id that the sender chose; every answer carries it. The last answer
to a command is `DataOpened`, `ColumnsNamed`, `RowsShown`, `Surveyed` or `DataFailed`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from engine import wire
from engine.corpus.report import Report
from engine.corpus.spec import Columns, DataSpec
from engine.corpus.views import RowView
from engine.models.records import Progress
from engine.protocol import Frozen, Template


class DataCommand(Frozen, frozen=True, kw_only=True, tag=True):
    """Something that is asked."""

    id: int


class OpenData(DataCommand, frozen=True, kw_only=True):
    """Find a data set, and guess what was not said."""

    spec: DataSpec
    model: str = ""
    """A reference to the model whose tokenizer counts; empty leaves tokens out. No weights are read."""
    max_length: int = 0
    """In tokens; 0 is no limit."""


class NameColumns(DataCommand, frozen=True, kw_only=True):
    """Say which columns a data set has, also where it is not clear how to read them. What is open stays open."""

    spec: DataSpec


class ShowRows(DataCommand, frozen=True, kw_only=True):
    """Show some rows of the open data set."""

    first: int = 1
    """Counted from 1."""
    count: int = 1


class SurveyData(DataCommand, frozen=True, kw_only=True):
    """Count over all rows of the open data set."""


class CancelData(DataCommand, frozen=True, kw_only=True):
    """End another command early."""

    target: int


AnyDataCommand = OpenData | NameColumns | ShowRows | SurveyData | CancelData


class DataAnswer(Frozen, frozen=True, kw_only=True, tag=True):
    """Something that was found."""

    id: int


class Fetching(DataAnswer, frozen=True, kw_only=True):
    """What was asked for waits for a download from the hub; told about ten times a second."""

    what: Literal["model", "data"]
    progress: Progress


class DataOpened(DataAnswer, frozen=True, kw_only=True):
    """The data set is there, and this is how it is read."""

    name: str
    columns: Columns
    template: Template | None
    """None for raw text, and for prompts that stay as they are."""


class ColumnsNamed(DataAnswer, frozen=True, kw_only=True):
    """The columns of the first rows."""

    present: tuple[str, ...]


class RowsShown(DataAnswer, frozen=True, kw_only=True):
    """Some rows; fewer than were asked for where the data set ends."""

    rows: tuple[RowView, ...]


class SurveyProgress(DataAnswer, frozen=True, kw_only=True):
    """So many rows are counted."""

    rows: int


class Surveyed(DataAnswer, frozen=True, kw_only=True):
    """All rows are counted."""

    report: Report


class DataFailed(DataAnswer, frozen=True, kw_only=True):
    """It did not work. Fields as in `engine.errors`."""

    code: str
    title: str
    hint: str = ""


AnyDataAnswer = Fetching | DataOpened | ColumnsNamed | RowsShown | SurveyProgress | Surveyed | DataFailed

_commands: msgspec.json.Decoder[AnyDataCommand] = msgspec.json.Decoder(AnyDataCommand)
_answers: msgspec.json.Decoder[AnyDataAnswer] = msgspec.json.Decoder(AnyDataAnswer)


def encode_message(message: DataCommand | DataAnswer) -> bytes:
    """Write a message as one line, its newline included."""
    return wire.encode(message)


def decode_data_command(line: bytes) -> AnyDataCommand:
    """Read a command.

    Raises:
        msgspec.DecodeError: The line is not one.
    """
    return wire.decode(_commands, line)


def decode_data_answer(line: bytes) -> AnyDataAnswer:
    """Read an answer.

    Raises:
        msgspec.DecodeError: The line is not one.
    """
    return wire.decode(_answers, line)
