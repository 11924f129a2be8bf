"""A table as a file: CSV for a spreadsheet, JSON with everything, Markdown to read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from engine import wire
from engine.atomic import write_atomically
from engine.display import visible, visible_json
from engine.errors import Failed, Misuse
from engine.lab.figures import CellFigures, cell_figures
from engine.lab.records import Lab, Row, Variation
from engine.lab.summary import Summary, interval_text
from engine.lab.table import Table
from engine.protocol import Frozen

ExportFormat = Literal["csv", "json", "markdown"]
FORMATS: dict[str, ExportFormat] = {".csv": "csv", ".json": "json", ".md": "markdown", ".markdown": "markdown"}
JSON_VERSION = 1
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula where a cell begins with it."""
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#~])")


class LabFile(Frozen, frozen=True):
    """What the JSON export holds."""

    lab: Lab
    cells: tuple[CellFigures, ...]
    summary: Summary
    format: Literal["tunesmith-lab"] = "tunesmith-lab"
    version: int = JSON_VERSION


def export(table: Table, format: ExportFormat) -> str:
    """Write a table, which may be half full.

    No character in it drives a terminal: CSV and Markdown show a picture in its place, JSON keeps it as an escape.
    """
    return _WRITERS[format](table)


def export_file(table: Table, file: Path) -> None:
    """Write a table in the format that a file's name asks for; the file is whole or not there.

    Raises:
        Misuse: The name asks for no format that is known.
        Failed: The file can't be written.
    """
    text = export(table, format_of(file))
    try:
        write_atomically(file, text.encode("utf-8", "surrogatepass"))
    except OSError as error:
        title = f"{file} could not be written: {error.strerror or error}"
        raise Failed(title, "Name a file in a folder that is yours") from error


def format_of(file: Path) -> ExportFormat:
    """The format that a file's name asks for.

    Raises:
        Misuse: None that is known.
    """
    found = FORMATS.get(file.suffix.lower())
    if found is None:
        raise Misuse(f"{file} ends in no format of a table", f"Take a name that ends in {', '.join(FORMATS)}")
    return found


def _json(table: Table) -> str:
    lab = table.lab
    cells = tuple(
        cell_figures(table, row, variation) for row in range(len(lab.rows)) for variation in range(len(lab.variations))
    )
    line = wire.encode(LabFile(lab=lab, cells=cells, summary=table.summary()))
    return visible_json(msgspec.json.format(line, indent=2).decode()) + "\n"


def _csv(table: Table) -> str:
    """A line for each cell, so that each figure has a column of its own however many variations there are."""
    lab = table.lab
    words = [label.word for label in lab.labels] if "labels" in lab.parts else []
    stream = io.StringIO()
    writer = csv.writer(stream)
    header = ["row", "input", "reference", "label", "variation", "model", "template", "reply", "reason", "exact"]
    writer.writerow(map(_plain, [*header, "answer", "right", *(f"p({word})" for word in words), "perplexity", "fault"]))
    for row, asked in enumerate(lab.rows):
        for place, variation in enumerate(lab.variations):
            cell = cell_figures(table, row, place)
            writer.writerow(map(_plain, _csv_line(lab.reference(asked), asked, variation, cell, len(words))))
    return stream.getvalue()


def _csv_line(reference: str, row: Row, variation: Variation, cell: CellFigures, words: int) -> Iterator[str]:
    yield from (str(cell.row + 1), row.input, reference, row.label, variation.name, variation.model)
    yield from (variation.template.name, cell.reply or "", cell.reason, _flag(cell.exact))
    yield from (cell.label or "", _flag(cell.right))
    yield from ([f"{label.share:.6f}" for label in cell.labels] or [""] * words)
    yield "" if cell.perplexity is None else f"{cell.perplexity:.6g}"
    yield "; ".join(f"{part}: {fault.title}" for part, fault in cell.faults.items())


def _markdown(table: Table) -> str:
    lab, summary = table.lab, table.summary()
    names = [variation.name for variation in lab.variations]
    parts = [f"# {_escaped(lab.name)}"]
    if summary.metrics:
        figures = [
            [line.title, *(interval_text(line.metric, each) for each in line.figures)] for line in summary.metrics
        ]
        parts.append(_grid(["", *names], figures))
        parts += [f"{line.title}: {_escaped(line.verdict)}" for line in summary.metrics if line.verdict]
        parts.append("In brackets: 95 % confidence intervals over the rows.")
    columns = "".join(f"- {_escaped(each.name)}: {_escaped(_told(each))}\n" for each in lab.variations)
    parts.append(columns)
    rows = [
        [str(row + 1), asked.input, *(cell_text(table, row, place) for place in range(len(names)))]
        for row, asked in enumerate(lab.rows)
    ]
    parts.append(_grid(["", "Input", *names], rows))
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _told(variation: Variation) -> str:
    sampling = variation.sampling
    return f"{variation.model}, {variation.template.name}, temperature {sampling.temperature:g}"


def cell_text(table: Table, row: int, place: int) -> str:
    """What a person wants to see first of a cell."""
    cell = cell_figures(table, row, place)
    said = [] if cell.reply is None else [cell.reply.strip()]
    if cell.exact is not None:
        said.append("(exact)" if cell.exact else "(not exact)")
    if cell.labels:
        best = max(cell.labels, key=lambda label: label.share)
        mark = {True: ", right", False: ", wrong", None: ""}[cell.right]
        said.append(f"{best.word} {100 * best.share:.0f} %{mark}")
    if cell.perplexity is not None:
        said.append(f"perplexity {cell.perplexity:.4g}")
    said += [f"failed: {fault.title}" for fault in cell.faults.values()]
    return "\n".join(said)


def _grid(headers: list[str], rows: list[list[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(
        f"| {' | '.join(text if index == 1 else _escaped(text) for text in line)} |" for index, line in enumerate(lines)
    )


def _escaped(text: str) -> str:
    """Text that means itself in a table of Markdown."""
    shown = visible(text).replace("\t", " ")
    return _MARKDOWN.sub(r"\\\1", shown).replace("\n", "<br>")


def _plain(text: str) -> str:
    """A field that no spreadsheet takes for a formula."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _flag(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


_WRITERS: dict[ExportFormat, Callable[[Table], str]] = {"csv": _csv, "json": _json, "markdown": _markdown}
