"""From the studio and the template picker to the lab, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.paths import Paths
from engine.templates import Library, authoring

StartLab = Callable[..., Any]
MINE = 'name = "Mine"\nbody = """\nSing of {{ message | trim }}:\n"""\n'
CHANGED = MINE.replace("Sing", "Tell")


@pytest.fixture
def mine(paths: Paths) -> Path:
    return authoring.create(Library(paths.templates), "Mine", MINE)


async def test_a_template_goes_from_the_studio_into_the_lab_and_back(start_lab: StartLab, mine: Path) -> None:
    async with start_lab(is_open=False) as lab:
        await lab.program.ready()
        lab.program.screen.open_studio("mine")
        studio = await lab.shown("StudioScreen")
        await lab.until(lambda: studio.state.examined is not None, "a look at the template")
        await lab.press("alt+l")
        await lab.shown("LabScreen")
        assert [column.name for column in lab.bench.draft.lab.variations] == ["Plain", "Mine"]
        await lab.press("right", "t")
        studio = await lab.shown("StudioScreen")
        studio.query_one("TemplateEditor").load_text(CHANGED)
        await lab.until(lambda: studio.desk.now.is_dirty, "the change")
        await lab.press("ctrl+s")
        await lab.until(lambda: mine.read_text() == CHANGED, "the file")
        await lab.press("escape")
        await lab.shown("LabScreen")
        columns = lab.bench.draft.lab.variations
        assert [column.name for column in columns] == ["Plain", "Mine", "Mine 2"]
        assert "Tell" in columns[2].template.body
        assert "Sing" in columns[1].template.body
        await lab.press("ctrl+z")
        assert len(lab.bench.draft.lab.variations) == 2


async def test_the_same_template_is_compared_once(start_lab: StartLab, mine: Path) -> None:
    async with start_lab(is_open=False) as lab:
        await lab.program.ready()
        for _ in range(2):
            await lab.press("ctrl+t")
            picker = await lab.shown("TemplatePicker")
            picker.query_one("#filter").value = "mine"
            await lab.until(lambda picker=picker: picker.query_one("FilterList").highlighted_id == "template:mine")
            await lab.press("ctrl+l")
            await lab.shown("LabScreen")
            assert [column.name for column in lab.bench.draft.lab.variations] == ["Plain", "Mine"]
            await lab.press("escape")
            await lab.shown("ChatScreen")


async def test_a_template_can_be_written_while_a_column_is_put_together(start_lab: StartLab, mine: Path) -> None:
    async with start_lab() as lab:
        await lab.press("c")
        await lab.shown("ColumnForm")
        await lab.press("ctrl+t")
        picker = await lab.shown("TemplatePicker")
        picker.query_one("#filter").value = "mine"
        await lab.until(lambda: picker.query_one("FilterList").highlighted_id == "template:mine")
        await lab.press("ctrl+e")
        await lab.shown("StudioScreen")
        await lab.press("escape")
        await lab.shown("ColumnForm")
