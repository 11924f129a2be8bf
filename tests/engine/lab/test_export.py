"""A table as a file: everything is in it, and nothing in it acts on a terminal or a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from engine.display import visible
from engine.errors import Misuse
from engine.lab import Lab, LabRunner, Row, Table
from engine.lab.export import ExportFormat, LabFile, export, export_file
from tests.engine.lab.conftest import filled
from tests.integration.hostile import PAYLOAD

MakeRunner = Callable[..., LabRunner]
EVIL = "=HYPERLINK(1) | <b>`x`" + PAYLOAD


async def table_of(runner: LabRunner, lab: Lab) -> Table:
    table = Table(lab)
    for event in await filled(runner, lab):
        table.apply(event)
    return table


@pytest.fixture
async def table(make_runner: MakeRunner, lab: Lab) -> Table:
    lab = msgspec.structs.replace(lab, rows=(*lab.rows[:2], Row(input=EVIL, reference=EVIL, label="0")))
    return await table_of(make_runner(reply="=1+1 {prompt}", tokens=4), lab)


async def test_csv_has_a_line_for_each_cell(table: Table) -> None:
    lines = list(csv.DictReader(io.StringIO(export(table, "csv"))))
    assert len(lines) == 6
    first = lines[0]
    assert (first["row"], first["variation"], first["label"]) == ("1", "One", "1")
    assert first["right"] == "yes"
    assert float(first["p(good)"]) + float(first["p(bad)"]) == pytest.approx(1, abs=1e-5)
    assert float(first["perplexity"]) > 0


async def test_csv_has_no_formula(table: Table) -> None:
    for line in csv.reader(io.StringIO(export(table, "csv"))):
        assert not any(field.startswith(("=", "+", "-", "@")) for field in line)


async def test_json_keeps_every_character(table: Table) -> None:
    text = export(table, "json")
    file = msgspec.json.decode(text, type=LabFile)
    assert file.lab == table.lab
    assert file.lab.rows[2].input == EVIL
    assert len(file.cells) == 6
    assert json.loads(text)["summary"]["metrics"][0]["metric"] == "accuracy"


async def test_markdown_shows_figures_and_cells(table: Table) -> None:
    text = export(table, "markdown")
    assert text.startswith("# films\n")
    assert "| Label accuracy |" in text
    grids = [line.replace("\\|", "") for line in text.splitlines() if line.startswith("|")]
    assert len(grids) == 5 + 2 + len(table.lab.rows)
    assert {line.count("|") for line in grids[:5]} == {4}
    assert {line.count("|") for line in grids[5:]} == {5 - 1 + 1}


@pytest.mark.parametrize("format", ["csv", "json", "markdown"])
async def test_no_character_drives_a_terminal(table: Table, format: ExportFormat) -> None:
    text = export(table, format).replace("\r\n", "\n")
    assert visible(text) == text


async def test_a_half_full_table_is_written_too(lab: Lab, tmp_path: Path) -> None:
    for name in ("a.csv", "a.json", "a.md"):
        export_file(Table(lab), tmp_path / name)
        assert (tmp_path / name).stat().st_size > 0


async def test_an_unknown_ending_is_refused(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="no format"):
        export_file(Table(lab), tmp_path / "table.xlsx")
