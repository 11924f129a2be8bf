"""From the studio and the template picker to the lab, and back."""

from __future__ import annotations

import json
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


async def rewrite(lab: Any, text: str) -> None:
    """Replace what is written in the studio, and save it."""
    studio = await lab.shown("StudioScreen")
    studio.query_one("TemplateEditor").load_text(text)
    await lab.until(lambda: studio.desk.now.text == text, "the change")
    await lab.press("ctrl+s")
    await lab.until(lambda: not studio.desk.now.is_dirty, "the save")


async def test_a_copy_of_a_shipped_template_comes_as_a_column(start_lab: StartLab) -> None:
    async with start_lab() as lab:
        await lab.press("t")
        await lab.shown("StudioScreen")
        await lab.press("x")
        prompt = await lab.shown("LinePrompt")
        prompt.query_one("Input").value = "Sea shanty"
        await lab.press("enter")
        await rewrite(lab, CHANGED.replace('"Mine"', '"Sea shanty"'))
        await lab.press("escape")
        await lab.shown("LabScreen")
        columns = lab.bench.draft.lab.variations
        assert [(column.name, column.template.id) for column in columns] == [
            ("Plain", "plain"),
            ("Sea shanty", "sea-shanty"),
        ]
        assert (lab.screen.grid.column, columns[1].model) == (1, columns[0].model)
        assert "a column now" in lab.notices()


async def test_a_template_of_ones_own_in_place_of_a_shipped_one_comes_as_a_column(
    start_lab: StartLab, paths: Paths
) -> None:
    paths.templates.mkdir(parents=True)
    (paths.templates / "Plain.toml").write_text(MINE)
    async with start_lab() as lab:
        assert lab.head(0)[0] == "Mine"
        await lab.press("t")
        await rewrite(lab, CHANGED + "[sampling]\nmax_new_tokens = 9\n")
        await lab.press("escape")
        await lab.shown("LabScreen")
        old, new = lab.bench.draft.lab.variations
        assert (new.name, new.template.id) == ("Mine 2", "Plain")
        assert (new.sampling.max_new_tokens, "Tell" in new.template.body) == (9, True)
        assert old.sampling.max_new_tokens != 9


async def test_what_was_looked_at_and_left_as_it_is_adds_no_column(start_lab: StartLab, mine: Path) -> None:
    async with start_lab() as lab:
        await lab.press("t")
        studio = await lab.shown("StudioScreen")
        studio.open("mine")
        await lab.press("escape")
        await lab.shown("LabScreen")
        assert [column.name for column in lab.bench.draft.lab.variations] == ["Plain"]
        assert lab.notices() == ""


async def test_what_was_not_saved_is_no_column_which_is_told(start_lab: StartLab, mine: Path) -> None:
    async with start_lab(template="mine") as lab:
        await lab.press("t")
        studio = await lab.shown("StudioScreen")
        studio.query_one("TemplateEditor").load_text(CHANGED)
        await lab.until(lambda: studio.desk.now.is_dirty, "the change")
        await lab.press("escape")
        await lab.shown("LabScreen")
        await lab.until(lambda: "not saved, so it is no column yet" in lab.notices(), "the word")
        assert len(lab.bench.draft.lab.variations) == 1


async def test_the_template_of_a_spec_is_copied_to_be_written_on(
    start_lab: StartLab, paths: Paths, tmp_path: Path
) -> None:
    (tmp_path / "far.toml").write_text(MINE.replace("Mine", "Far"))
    async with start_lab() as lab:
        model = json.dumps(lab.bench.draft.lab.variations[0].model)
        spec = tmp_path / "spec.toml"
        spec.write_text(f'[[inputs]]\ninput = "Hi"\n[[variations]]\nmodel = {model}\ntemplate = "far.toml"\n')
        lab.screen.open_spec(str(spec))
        await lab.until(lambda: lab.bench.draft.lab.name == "spec", "the spec")
        await lab.press("t")
        question = await lab.shown("Question")
        assert "Far is not among your templates" in str(question.frame.border_title)
        assert "tunesmith " not in str(question.query_one("#question-words").render())
        await lab.press("escape")
        await lab.shown("LabScreen")
        assert not (paths.templates / "far.toml").exists()
        await lab.press("t")
        await lab.shown("Question")
        await lab.press("y")
        await rewrite(lab, CHANGED.replace("Mine", "Far"))
        await lab.press("escape")
        await lab.shown("LabScreen")
        assert [column.template.body[:4] for column in lab.bench.draft.lab.variations] == ["Sing", "Tell"]
        assert (tmp_path / "far.toml").read_text() == MINE.replace("Mine", "Far")


@pytest.mark.parametrize("text", [CHANGED + "nonsense", CHANGED], ids=["faulty", "unsaved"])
async def test_t_goes_on_with_a_copy_that_is_no_column_yet(start_lab: StartLab, text: str) -> None:
    async with start_lab() as lab:
        await lab.press("t")
        await lab.shown("StudioScreen")
        await lab.press("f9")
        prompt = await lab.shown("LinePrompt")
        prompt.query_one("Input").value = "Sea shanty"
        await lab.press("enter")
        studio = await lab.shown("StudioScreen")
        if text == CHANGED:
            studio.query_one("TemplateEditor").load_text(text)
            await lab.until(lambda: studio.desk.now.is_dirty, "the change")
        else:
            await rewrite(lab, text)
        await lab.press("escape")
        await lab.shown("LabScreen")
        await lab.until(lambda: "no column yet: T goes on with it" in lab.notices(), "the word")
        await lab.press("t")
        studio = await lab.shown("StudioScreen")
        assert (studio.desk.now.id, studio.desk.now.text) == ("sea-shanty", text)
        await rewrite(lab, CHANGED + "# mended\n")
        await lab.press("escape")
        await lab.shown("LabScreen")
        assert [column.template.id for column in lab.bench.draft.lab.variations] == ["plain", "sea-shanty"]
