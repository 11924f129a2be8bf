"""Whatever stands in data, the terminal gets a picture of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.conftest import Start
from tests.integration.hostile import ARGUMENT, FILE_NAME, MARKUP, PAYLOAD, end_of, shows

pytestmark = pytest.mark.terminal
TEXT = f"text {ARGUMENT}"
LABEL = "[red]x[/]\x1b]0;y\x07"
CLIPBOARD = "␛]52;c;SE9TVElMRQ==␇"


def test_in_rows_columns_labels_and_names_of_files(start: Start, home: Path) -> None:
    folder = home / "rows"
    folder.mkdir()
    rows = [{TEXT: f"Row {number} {ARGUMENT}", "label": f"L{number % 2}{LABEL}"} for number in range(20)]
    lines = [json.dumps(row) for row in rows]
    faulty = json.dumps({TEXT: PAYLOAD, "label": f"L0{LABEL}"})  # it has a NUL
    (folder / f"evil {FILE_NAME}.jsonl").write_text("\n".join([*lines, faulty]) + "\n")
    with start() as terminal:
        terminal.wait_for("is listening")
        terminal.press("f3")
        terminal.wait_for("Name some data above")
        terminal.type(str(folder))
        terminal.press("enter")
        terminal.wait_for(shows("Row 1 · evil [red]x[∕]", "Row 0 " + MARKUP + CLIPBOARD))
        terminal.press("f3")
        terminal.wait_for(shows("1 row can't be used", "A NUL character: 1 row"))
        terminal.press("end")
        terminal.wait_for(shows("L0[red]x[/]␛]0;y␇"))
        terminal.press("f4")
        terminal.wait_for(shows("Shape", "text " + MARKUP))
        terminal.press("ctrl+s")
        terminal.wait_for("Teach a model")
        terminal.wait_for(shows("text with a label: text [red]x[/]", "1 of 21 rows can't be used"))
        terminal.press("escape")
        terminal.wait_until_gone("Teach a model")
        end_of(terminal)
