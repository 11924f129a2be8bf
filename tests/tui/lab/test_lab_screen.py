"""The lab is filled, read, paused, changed and used from the keyboard."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.geometry import Region

from engine.lab import LabStore, Row
from engine.paths import Paths
from engine.protocol import SamplingChange
from engine.templates import Library
from tests.fakes.models import model_files
from tests.tui.lab.conftest import REVIEWS
from tests.tui.runs.watching import on_screen, until_shown
from tui.widgets.composer import Composer
from tui.widgets.form_row import FormRow
from tui.widgets.header import Header
from tui.widgets.lab_grid import INPUTS

StartLab = Callable[..., Any]


async def test_the_first_time_the_chats_own_way_is_the_first_column(start_lab: StartLab, model: str) -> None:
    async with start_lab() as lab:
        assert [variation.model for variation in lab.bench.draft.lab.variations] == [model]
        assert lab.head(0)[0] == "Plain"
        assert "A  type a row" in lab.said()
        await lab.press("r")
        assert "needs a row" in lab.notices()


async def test_the_last_message_of_the_chat_is_the_first_row(start_lab: StartLab) -> None:
    async with start_lab(is_open=False) as lab:
        await lab.program.ready()
        await lab.program.say("Tell me a story")
        await lab.open()
        assert [row.input for row in lab.bench.draft.lab.rows] == ["Tell me a story"]


async def test_two_templates_are_compared_on_the_rows_of_a_file(start_lab: StartLab, reviews: Path) -> None:
    async with start_lab(reply="I say: {prompt}") as lab:
        await lab.take_file(reviews, labels="0 = bad, 1 = good", accuracy="yes", diversity="yes", limit="4")
        await lab.press("d", "e")
        form = await lab.shown("ColumnForm")
        await lab.press("ctrl+t")
        picker = await lab.shown("TemplatePicker")
        picker.query_one("#filter").value = "question"
        await lab.until(lambda: picker.query_one("FilterList").highlighted_id == "template:question")
        await lab.press("enter")
        assert await lab.shown("ColumnForm") is form
        await lab.press("enter")
        await lab.shown("LabScreen")
        await lab.press("r")
        await lab.finish()
        assert lab.words(0, 0).startswith("● ✓ bad 67 % · I say: The film number 0")
        assert lab.words(1, 0).startswith("● ✗ bad 67 %")
        assert lab.head(1)[0] == "Question and answer"
        await lab.until(lambda: "50 %" in lab.head(0)[2] or "50.0 %" in lab.head(0)[2], "the figures")
        await lab.until(lambda: "do equally well on these 4 rows" in lab.said(), "the sentence")
        assert "● Complete" in lab.said()
        assert "The film number 0" in lab.drawn()


async def test_a_reply_is_seen_while_it_comes_and_a_pause_keeps_what_is_there(
    start_lab: StartLab, reviews: Path
) -> None:
    async with start_lab(reply="one two three four five six", token_delay_s=0.02) as lab:
        await lab.take_file(reviews)
        await lab.press("r")
        await lab.until(lambda: lab.words(1, 0).startswith("▸ one two"), "the words of a cell")
        assert lab.words(0, 0) == "● one two three four five six"
        await lab.press("r")
        await lab.until(lambda: lab.bench.view.phase == "still", "the pause")
        done = lab.bench.view.table.progress.done
        assert 0 < done < len(REVIEWS)
        assert "Paused" in lab.said()
        await lab.press("r")
        await lab.finish()
        assert lab.bench.view.table.progress.done == len(REVIEWS)


async def test_a_column_that_is_added_later_leaves_the_others_as_they_are(start_lab: StartLab) -> None:
    async with start_lab(reply="Hi") as lab:
        await lab.type_row("First")
        await lab.press("r")
        await lab.finish()
        assert lab.words(0, 0) == "● Hi"
        await lab.press("d")
        await lab.until(lambda: lab.words(0, 0) == "◇ Hi", "the kept cell")
        assert lab.words(0, 1) == "◇ Hi"  # asks the very same
        await lab.press("e")
        form = await lab.shown("ColumnForm")
        form.query_one("#row-stop", FormRow).text = '"\\n\\n"'
        await lab.press("enter")
        await lab.shown("LabScreen")
        await lab.press("r")
        await lab.finish()
        assert (lab.words(0, 0), lab.words(0, 1)) == ("◇ Hi", "● Hi")


async def test_rows_and_columns_are_removed_and_brought_back(start_lab: StartLab) -> None:
    async with start_lab() as lab:
        await lab.type_row("First")
        await lab.type_row("Second")
        await lab.press("left", "delete")
        assert lab.screen.grid.column == INPUTS
        assert [row.input for row in lab.bench.draft.lab.rows] == ["First"]
        await lab.press("right", "delete")
        assert lab.bench.draft.lab.variations == ()
        assert "No columns yet" in lab.said()
        await lab.press("ctrl+z", "ctrl+z")
        assert [row.input for row in lab.bench.draft.lab.rows] == ["First", "Second"]
        assert len(lab.bench.draft.lab.variations) == 1
        await lab.press("left", "e")
        form = await lab.shown("RowForm")
        form.query_one("TextArea").text = ""
        await lab.press("ctrl+s")
        assert "empty" in str(form.query_one("#row-fault").render())
        form.query_one("TextArea").text = "Changed"
        await lab.press("ctrl+s")
        await lab.shown("LabScreen")
        assert "Changed" in [row.input for row in lab.bench.draft.lab.rows]


async def test_after_the_last_column_delete_takes_no_row_before_the_cursor_was_moved(start_lab: StartLab) -> None:
    async with start_lab() as lab:
        await lab.type_row("First")
        await lab.press("right", "delete", "delete", "delete")
        assert lab.bench.draft.lab.variations == ()
        assert len(lab.bench.draft.lab.rows) == 1
        assert "No column is left" in lab.notices()
        await lab.press("ctrl+z")
        assert (len(lab.bench.draft.lab.variations), lab.screen.grid.column) == (1, 0)
        await lab.press("delete", "left", "delete")
        assert lab.bench.draft.lab.rows == ()


async def test_undo_goes_to_what_came_back(start_lab: StartLab) -> None:
    async with start_lab() as lab:
        for text in ("One", "Two", "Three"):
            await lab.type_row(text)
        await lab.press("left", "home", "down", "delete", "home", "ctrl+z")
        assert (lab.screen.grid.row, lab.screen.grid.column) == (1, INPUTS)


async def test_a_newer_notice_takes_the_place_of_an_older_one(start_lab: StartLab) -> None:
    async with start_lab() as lab:
        await lab.press("r", "ctrl+z", "w", "x")
        assert lab.notices() == "There is nothing to write yet: a lab needs a row (A) and a column (C)"


async def test_a_lab_does_not_take_the_name_of_another_one(start_lab: StartLab) -> None:
    async with start_lab() as lab:
        await lab.type_row("Mine")
        mine = lab.bench.draft.lab
        await lab.press("n")
        await lab.type_row("Another")
        await lab.press("s")
        form = await lab.shown("SetupForm")
        form.query_one("#row-name", FormRow).text = "My lab"
        await lab.press("ctrl+s")
        await lab.until(lambda: "another lab has this name" in fault_of(form, "name"), "the fault")
        form.query_one("#row-name", FormRow).text = "Third"
        await lab.press("ctrl+s")
        await lab.shown("LabScreen")
        await lab.bench.settle()
        assert lab.bench.store.load("My lab") == mine
        assert lab.bench.store.load("Third").rows[0].input == "Another"


def fault_of(form: Any, name: str) -> str:
    row = form.query_one(f"#row-{name}", FormRow)
    return " ".join(str(part.render()) for part in row.query("Static"))


async def test_a_row_that_was_left_half_typed_is_there_again(start_lab: StartLab) -> None:
    async with start_lab() as lab:
        await lab.press("a")
        form = await lab.shown("RowForm")
        form.query_one("TextArea").text = "Half a row"
        await lab.press("escape")
        await lab.shown("LabScreen")
        assert lab.bench.draft.lab.rows == ()
        await lab.press("a")
        form = await lab.shown("RowForm")
        assert form.query_one("TextArea").text == "Half a row"
        await lab.press("ctrl+s")
        await lab.shown("LabScreen")
        await lab.press("a")
        form = await lab.shown("RowForm")
        assert form.query_one("TextArea").text == ""


async def test_a_cell_is_read_whole(start_lab: StartLab) -> None:
    async with start_lab(reply="All of it:\n{prompt}") as lab:
        await lab.type_row("Why?", reference="Because.")
        await lab.type_row("How?")
        await lab.press("r")
        await lab.finish()
        await lab.press("home", "enter")
        cell = await lab.shown("CellScreen")
        await lab.until(lambda: "Why?" in str(cell.query_one("Preview").children[0].render()), "the prompt")
        assert str(cell.query_one("#cell-reply").render()) == "All of it:\nWhy?"
        assert "seed" in str(cell.query_one("#cell-figures").render())
        await lab.press("n")
        assert str(cell.query_one("#cell-reply").render()) == "All of it:\nHow?"
        await lab.press("escape")
        await lab.shown("LabScreen")
        assert lab.screen.grid.row == 1


async def test_the_lab_goes_on_behind_the_chat_which_tells(start_lab: StartLab, reviews: Path) -> None:
    async with start_lab(reply="one two three four", token_delay_s=0.02) as lab:
        await lab.take_file(reviews)
        await lab.press("r", "escape")
        await lab.shown("ChatScreen")
        part = lab.program.screen.query_one(Header).query_one("#header-lab")
        await lab.until(lambda: "lab 2 of 6" in str(part.render()), "the header's word")
        await lab.program.say("And meanwhile?")
        await lab.finish()
        await lab.until(lambda: not part.display, "the header to rest")
        await lab.press("alt+l")
        await lab.shown("LabScreen")
        assert lab.words(5, 0) == "● one two three four"


async def test_what_was_finished_is_there_after_quitting_in_the_middle(start_lab: StartLab, reviews: Path) -> None:
    async with start_lab(reply="one two three four", token_delay_s=0.02) as lab:
        await lab.take_file(reviews, name="Films")
        await lab.press("r")
        await lab.until(lambda: lab.bench.view.table.progress.done >= 2)
        memory = lab.program.screen.memory
    async with start_lab(memory=memory) as lab:
        await lab.until(lambda: lab.bench.view.table.progress.done >= 2, "what is kept")
        assert lab.bench.draft.lab.name == "Films"
        assert lab.words(0, 0) == "◇ one two three four"
        assert not lab.bench.view.is_working


async def test_a_row_that_was_typed_is_there_the_next_time(start_lab: StartLab) -> None:
    async with start_lab() as lab:
        await lab.type_row("First")
        memory = lab.program.screen.memory
    async with start_lab(memory=memory) as lab:
        assert [row.input for row in lab.bench.draft.lab.rows] == ["First"]
    async with start_lab() as lab:  # what was remembered is lost
        assert lab.bench.draft.lab.name == "My lab 2"


@pytest.mark.parametrize("way", ["row", "column", "template", "undo"])
async def test_however_a_lab_is_built_it_is_there_the_next_time(start_lab: StartLab, way: str) -> None:
    async with start_lab() as lab:
        await lab.type_row("First")
        if way == "row":
            await lab.type_row("Second")
        elif way == "column":
            await lab.press("d")
        elif way == "template":
            lab.program.screen.compare_template("question")
            await lab.until(lambda: len(lab.bench.draft.lab.variations) == 2, "the template's column")
        else:
            await lab.press("left", "delete", "ctrl+z")
        built, memory = lab.bench.draft.lab, lab.program.screen.memory
        assert built.rows[0].input == "First"
    async with start_lab(memory=memory) as lab:
        assert lab.bench.draft.lab == built
    async with start_lab() as lab:  # what was remembered is lost
        await lab.type_row("Another")
        await lab.press("r")
        await lab.finish()
        assert lab.bench.store.load("My lab") == built
        assert lab.program.screen.memory.lab == "My lab 2"


async def test_a_spec_takes_no_place_of_a_lab_with_its_name(start_lab: StartLab, tmp_path: Path) -> None:
    async with start_lab() as lab:
        await lab.type_row("Mine")
        mine = lab.bench.draft.lab
        spec = tmp_path / "spec.toml"
        model = json.dumps(mine.variations[0].model)
        spec.write_text(
            f'name = "My lab"\n[[inputs]]\ninput = "Theirs"\n[[variations]]\nmodel = {model}\ntemplate = "plain"\n'
        )
        lab.screen.open_spec(str(spec))
        await lab.until(lambda: lab.bench.draft.lab.name == "My lab 2", "the spec under a free name")
        assert 'another lab is called "My lab"' in lab.notices()
        await lab.until(lambda: lab.bench.view.table.progress.total == 1, "what is known of it")
        assert [entry.name for entry in lab.bench.store.list()] == ["My lab"]
        await lab.press("r")
        await lab.finish()
        assert lab.bench.store.load("My lab") == mine
        assert lab.bench.store.load("My lab 2").rows[0].input == "Theirs"


async def test_the_winner_is_used_for_the_chat(start_lab: StartLab, paths: Paths) -> None:
    paths.templates.mkdir(parents=True)
    (paths.templates / "mine.toml").write_text('name = "Mine"\nkind = "completion"\nbody = "Q: {{ message }} A:"\n')
    async with start_lab(reply="{prompt} said") as lab:
        await lab.type_row("Hello")
        await lab.press("c")
        form = await lab.shown("ColumnForm")
        form._take_template(Library(paths.templates).get("mine"))
        await lab.program.pilot.pause()
        await lab.press("enter")
        await lab.shown("LabScreen")
        await lab.press("w")
        assert "Nothing has won yet" in lab.notices()
        await lab.press("u")
        await lab.shown("ChatScreen")
        state = lab.program.session.state
        assert state.template.id == "mine"
        assert lab.program.screen.query_one(Composer).has_focus
        await lab.program.say("And now")
        assert lab.program.texts()[-1] == "And now said"


async def test_a_doubtful_winner_is_used_with_a_word_of_doubt_and_with_all_its_sampling(
    start_lab: StartLab, reviews: Path
) -> None:
    async with start_lab(reply="I say: {prompt}") as lab:
        await lab.take_file(reviews, labels="0 = bad, 1 = good", accuracy="yes", diversity="yes", limit="4")
        await lab.press("d", "e")
        form = await lab.shown("ColumnForm")
        form._take_sampling(SamplingChange(temperature=0.0, max_new_tokens=7))
        await lab.press("enter")
        await lab.shown("LabScreen")
        await lab.press("v")
        assert "no figures yet" in lab.notices()
        await lab.press("r")
        await lab.finish()
        await lab.until(lambda: "equally well" in lab.said(), "the sentence")
        await lab.press("v")
        dialog = await lab.shown("Verdicts")
        shown = dialog.query_one("#verdicts-body Static").render_lines(Region(0, 0, 100, 20))
        text = "\n".join(strip.text for strip in shown)
        assert text.count("equally well") == 2
        assert "50 % (" in text or "50.0 % (" in text
        await lab.press("escape")
        await lab.shown("LabScreen")
        winner = lab.bench.draft.lab.variations[lab.bench.view.summary.winner]
        await lab.press("w")
        await lab.shown("ChatScreen")
        assert lab.program.session.prompting.sampling == winner.sampling
        assert f"{winner.sampling.max_new_tokens} tokens at most" in lab.notices()
        assert "the second does as well on these rows" in lab.notices()


async def test_a_column_brings_its_limit_of_tokens_to_the_chat(start_lab: StartLab) -> None:
    async with start_lab(reply="one two three four five six seven eight nine") as lab:
        await lab.press("e")
        form = await lab.shown("ColumnForm")
        form._take_sampling(SamplingChange(temperature=0.0, max_new_tokens=3))
        await lab.press("enter")
        await lab.shown("LabScreen")
        await lab.press("u")
        await lab.shown("ChatScreen")
        assert lab.program.session.prompting.sampling == lab.bench.draft.lab.variations[0].sampling
        assert "greedy, 3 tokens at most" in lab.notices()
        await lab.program.say("Count")
        assert lab.program.texts()[-1] == "one two three"


async def test_the_chat_stops_where_the_column_does(start_lab: StartLab, paths: Paths) -> None:
    async with start_lab(reply="Yes. No.") as lab:
        await lab.type_row("Hello")
        await lab.press("home", "right", "e")
        form = await lab.shown("ColumnForm")
        form.query_one("#row-stop", FormRow).text = '"No"'
        await lab.press("enter")
        await lab.shown("LabScreen")
        await lab.press("u")
        await lab.shown("ChatScreen")
        template = lab.program.session.state.template
        assert (template.id, template.stop) == ("plain-stops", ("No",))
        assert Library(paths.templates).get("plain-stops") == template
        assert "but not" not in lab.notices()


async def test_a_template_that_is_nowhere_else_comes_along(start_lab: StartLab, paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "far.toml").write_text('name = "Far"\nkind = "completion"\nbody = "Far: {{ message }}"\n')
    async with start_lab() as lab:
        spec = tmp_path / "spec.toml"
        column = lab.bench.draft.lab.variations[0]
        spec.write_text(
            f'[[inputs]]\ninput = "Hi"\n[[variations]]\nmodel = {json.dumps(column.model)}\ntemplate = "far.toml"\n'
        )
        lab.screen.open_spec(str(spec))
        await lab.until(lambda: lab.bench.draft.lab.name == "spec", "the spec")
        await lab.press("u")
        await lab.shown("ChatScreen")
        assert lab.program.session.state.template.body == "Far: {{ message }}"
        assert Library(paths.templates).get("far").name == "Far"


@pytest.mark.parametrize("ending", ["csv", "json", "md"])
async def test_the_table_is_exported(start_lab: StartLab, tmp_path: Path, ending: str) -> None:
    async with start_lab(reply="Hi there") as lab:
        await lab.type_row("Hello")
        await lab.press("r")
        await lab.finish()
        await lab.press("x")
        prompt = await lab.shown("LinePrompt")
        file = tmp_path / f"table.{ending}"
        prompt.query_one("Input").value = str(file)
        await lab.press("enter")
        await lab.until(lambda: file.exists() and "Written" in lab.notices(), "the file")
        assert "Hi there" in file.read_text()


async def test_what_is_compared_is_saved_and_opened_as_a_spec(
    start_lab: StartLab, tmp_path: Path, reviews: Path
) -> None:
    async with start_lab() as lab:
        await lab.take_file(reviews, name="Films", labels="0 = bad, 1 = good", accuracy="yes")
        await lab.press("ctrl+s")
        prompt = await lab.shown("LinePrompt")
        prompt.query_one("Input").value = str(tmp_path / "films")
        await lab.press("enter")
        await lab.until(lambda: (tmp_path / "films.toml").exists() and "Written" in lab.notices(), "the spec")
        before = lab.bench.draft.lab
        await lab.press("n")
        assert lab.bench.draft.lab.name == "My lab"
        await lab.press("o")
        dialog = await lab.shown("OpenLab")
        dialog.query_one("#filter").value = str(tmp_path / "films.toml")
        await lab.until(lambda: dialog.query_one("FilterList").highlighted_id.startswith("file:"))
        await lab.press("enter")
        await lab.until(lambda: lab.bench.draft.lab == before, "the lab from its spec")
        await lab.press("n", "o")
        dialog = await lab.shown("OpenLab")
        dialog.query_one("#filter").value = "films"
        await lab.until(lambda: dialog.query_one("FilterList").highlighted_id == "name:Films")
        await lab.press("enter")
        await lab.until(lambda: lab.bench.draft.lab == before, "the lab by its name")


@pytest.mark.parametrize(("key", "name"), [("ctrl+s", "films.toml"), ("x", "films.md")])
async def test_a_file_is_replaced_only_after_a_question(
    start_lab: StartLab, tmp_path: Path, key: str, name: str
) -> None:
    file = tmp_path / name
    file.write_text("of somebody else")
    async with start_lab() as lab:
        await lab.type_row("Hello")
        await lab.press(key)
        prompt = await lab.shown("LinePrompt")
        prompt.query_one("Input").value = str(file)
        await lab.press("enter")
        question = await lab.shown("Question")
        assert str(question.frame.border_title) == "Replace the file?"
        await lab.press("escape")
        again = await lab.shown("LinePrompt")
        assert (again.query_one("Input").value, file.read_text()) == (str(file), "of somebody else")
        await lab.press("enter")
        await lab.shown("Question")
        await lab.press("y")
        await lab.until(lambda: "Written" in lab.notices(), "the file")
        assert "Hello" in file.read_text()


async def test_a_folder_is_made_only_after_a_question(start_lab: StartLab, tmp_path: Path) -> None:
    async with start_lab() as lab:
        await lab.type_row("Hello")
        await lab.press("x")
        prompt = await lab.shown("LinePrompt")
        prompt.query_one("Input").value = str(tmp_path / "deep" / "er" / "table.md")
        await lab.press("enter")
        question = await lab.shown("Question")
        assert str(question.frame.border_title) == "Make the folder?"
        await lab.press("escape")
        await lab.shown("LinePrompt")
        assert not (tmp_path / "deep").exists()
        await lab.press("enter")
        await lab.shown("Question")
        await lab.press("y")
        await lab.until((tmp_path / "deep" / "er" / "table.md").exists, "the file")


async def test_a_name_that_can_be_no_file_is_refused_where_it_was_typed(start_lab: StartLab, tmp_path: Path) -> None:
    async with start_lab() as lab:
        await lab.type_row("Hello")
        await lab.press("ctrl+s")
        prompt = await lab.shown("LinePrompt")
        (tmp_path / "folder.toml").mkdir()
        for typed, words in (("x" * 400, "no name for a file"), (str(tmp_path / "folder.toml"), "is a folder")):
            prompt.query_one("Input").value = typed
            await lab.press("enter")
            await lab.until(lambda words=words: words in str(prompt.query_one("#line-fault").render()), words)


async def test_ctrl_s_keeps_what_is_in_the_form_of_a_column_too(start_lab: StartLab) -> None:
    async with start_lab() as lab:
        await lab.press("e")
        form = await lab.shown("ColumnForm")
        await lab.press("ctrl+g")
        await lab.shown("SamplingForm")
        await lab.press("escape")
        assert await lab.shown("ColumnForm") is form
        form.query_one("#row-name", FormRow).text = "Mine"
        await lab.press("ctrl+s")
        await lab.shown("LabScreen")
        assert lab.head(0)[0] == "Mine"


@pytest.mark.parametrize("key", ["x", "ctrl+s"])
async def test_files_are_written_where_the_current_folder_is_gone(
    start_lab: StartLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    async with start_lab() as lab:
        await lab.type_row("Hello")
        monkeypatch.chdir(gone)
        gone.rmdir()
        await lab.press(key)
        prompt = await lab.shown("LinePrompt")
        assert Path(prompt.query_one("Input").value).parent == Path.home()
        monkeypatch.chdir(tmp_path)


async def test_a_lab_is_opened_and_deleted_by_name(start_lab: StartLab, paths: Paths) -> None:
    async with start_lab() as lab:
        await lab.type_row("Hello")
        await lab.press("n", "o")
        dialog = await lab.shown("OpenLab")
        dialog.query_one("#filter").value = "my lab"
        await lab.until(lambda: dialog.query_one("FilterList").highlighted_id == "name:My lab")
        await lab.press("f8")
        await lab.shown("Question")
        await lab.press("y")
        await lab.shown("OpenLab")
        await lab.until(lambda: not [e for e in lab.bench.store.list() if e.name == "My lab"], "its end")
        await lab.press("escape")


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program writes to the labs."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_keys_are_heard_while_another_program_writes_to_the_labs(start_lab: StartLab, paths: Paths) -> None:
    paths.labs_file.parent.mkdir(parents=True)
    LabStore(paths.labs_file).close()
    async with start_lab(is_open=False) as lab:
        await lab.program.ready()
        with locked(paths.labs_file):
            opening = asyncio.create_task(lab.program.screen.action_lab())
            await asyncio.sleep(0)  # holding the loop up here is what would let it fail
        await opening
        await lab.shown("LabScreen")
        await lab.type_row("Hello")
        await lab.press("n")
        await lab.bench.settle()
        with locked(paths.labs_file):
            deleting = asyncio.create_task(lab.screen._delete("My lab"))
            await asyncio.sleep(0)
        assert "My lab" not in [entry.name for entry in await deleting]
        assert "busy" not in lab.notices()


async def test_the_slash_command_opens_a_lab_by_name(start_lab: StartLab, paths: Paths) -> None:
    async with start_lab() as lab:
        await lab.type_row("Hello")
        await lab.press("escape")
        await lab.shown("ChatScreen")
        lab.program.composer.put("/lab My lab")
        await lab.press("enter")
        await lab.shown("LabScreen")
        assert [row.input for row in lab.bench.draft.lab.rows] == ["Hello"]


async def test_a_failing_model_is_told_in_its_cells(start_lab: StartLab) -> None:
    async with start_lab(fail_generate="out-of-memory") as lab:
        await lab.type_row("Hello")
        await lab.press("r")
        await lab.finish()
        assert lab.words(0, 0).startswith("! ")
        assert "R tries those again" in lab.said()


async def test_text_that_drives_a_terminal_is_shown_as_pictures(start_lab: StartLab) -> None:
    async with start_lab(reply="Evil \x1b]52;c;AAAA\x07 \u202e end") as lab:
        await lab.type_row("In \x9b31m \u200b here")
        await lab.press("r")
        await lab.finish()
        drawn = lab.drawn() + lab.said()
        assert "␛]52;c;AAAA␇" in drawn
        assert all(code not in drawn for code in "\x1b\x07\x9b\u202e\u200b")


async def test_keys_that_come_before_the_table_do_no_harm(start_lab: StartLab) -> None:
    async with start_lab(is_open=False) as lab:
        await lab.program.ready()
        await lab.program.screen.action_lab()
        await lab.press("down", "right", "a")
        await lab.shown("RowForm")


async def test_help_begins_with_the_keys_of_the_lab(start_lab: StartLab) -> None:
    async with start_lab() as lab:
        await lab.press("f1")
        await lab.shown("HelpScreen")
        await until_shown(lab.program, "Keys and commands", "In the lab", "Run, pause or go on")
        assert "Send" not in on_screen(lab.program)


async def test_no_key_on_the_last_line_is_cut(start_lab: StartLab) -> None:
    async with start_lab(size=(80, 24)) as lab:
        await until_shown(lab.program, "c Column", "esc Back", "f1 Help")
        await lab.press("escape")
        await lab.shown("ChatScreen")
        await until_shown(lab.program, "Alt+T  writes templates", "Alt+L  compares templates")
        await lab.press("alt+t")
        await lab.shown("StudioScreen")
        await until_shown(lab.program, "^s Save", "esc Back", "f1 Help")
        assert on_screen(lab.program).splitlines()[-1].endswith("Help")


async def test_columns_are_in_sight_whole_and_all_can_be_reached(start_lab: StartLab) -> None:
    async with start_lab(size=(80, 24)) as lab:
        for number in range(30):
            lab.screen.change(lab.bench.draft.with_row(Row(input=f"Row {number}")))
        await lab.press("d", "d", "d", "end")
        await until_shown(lab.program, "‹ Columns 3-4 of 4", "Plain 3", "Plain 4")
        assert "Plain 2" not in on_screen(lab.program)
        names = on_screen(lab.program).splitlines()[1]
        assert names.index("Plain 4") - names.index("Plain 3") == lab.screen.grid._column_width
        await lab.press("left", "left", "left")
        await until_shown(lab.program, "Columns 1-2 of 4 ›", "Plain 2")
        lab.screen.grid.scroll_to(x=lab.screen.grid._column_width + 5, animate=False)
        await until_shown(lab.program, "‹ Columns 2-3 of 4 ›")


async def test_figures_and_cells_stay_while_they_are_looked_up_anew(start_lab: StartLab, reviews: Path) -> None:
    async with start_lab(reply="I say: {prompt}") as lab:
        await lab.take_file(reviews, labels="0 = bad, 1 = good", accuracy="yes", diversity="yes", limit="4")
        await lab.press("d", "e")
        form = await lab.shown("ColumnForm")
        form._take_sampling(SamplingChange(temperature=0.0))
        await lab.press("enter")
        await lab.shown("LabScreen")
        await lab.press("r")
        await lab.finish()
        await lab.until(lambda: "equally well" in lab.said(), "the sentence")
        heads, words = [lab.head(column)[3] for column in (0, 1)], lab.words(2, 1)
        lab.screen.change(lab.bench.draft.with_column(lab.bench.draft.lab.variations[0], 0))
        # At once, before anything was read.
        assert [lab.head(column)[3].removeprefix("★ ") for column in (1, 2)] == [
            words.removeprefix("★ ") for words in heads
        ]
        assert lab.words(2, 2) == words.replace("●", "◇")
        assert "equally well" in lab.said()
        await lab.until(lambda: not lab.bench.view._is_assuming, "what is known")
        assert lab.words(2, 2) == words.replace("●", "◇")


async def test_what_does_not_hold_any_more_goes_when_it_was_looked_up(start_lab: StartLab) -> None:
    async with start_lab(reply="Hi") as lab:
        await lab.type_row("First")
        await lab.press("r")
        await lab.finish()
        model = Path(lab.bench.draft.lab.variations[0].model)
        (model / "generation_config.json").write_text("{}")  # as a training does
        await lab.type_row("Second")
        await lab.until(lambda: lab.words(0, 0) == "·", "the cell of another model to go")


async def test_the_precision_of_a_column_is_shown_once_its_model_is_loaded(start_lab: StartLab) -> None:
    async with start_lab(reply="Hi") as lab:
        await lab.type_row("First")
        await lab.press("enter")
        await lab.shown("CellScreen")
        await until_shown(lab.program, "precision not known before it is loaded")
        await lab.press("escape")
        await lab.shown("LabScreen")
        await lab.press("r")
        await lab.finish()
        await until_shown(lab.program, "1 row · small · cpu float32", "Plain · small · cpu float32")
        await lab.press("enter")
        await lab.shown("CellScreen")
        await until_shown(lab.program, "● done · Plain · small · cpu float32")


async def test_a_model_stays_loaded_while_the_lab_is_changed(start_lab: StartLab, reviews: Path) -> None:
    async with start_lab(reply="one two three four five six", token_delay_s=0.02) as lab:
        await lab.take_file(reviews)
        await lab.press("r")
        await lab.until(lambda: lab.bench.view.table.progress.done >= 1, "a cell")
        host = lab.bench._desk._first._host._client
        await lab.press("d", "e")
        form = await lab.shown("ColumnForm")
        form._take_sampling(SamplingChange(temperature=0.0))
        await lab.press("enter")
        await lab.shown("LabScreen")
        await lab.until(lambda: lab.bench.view.table.progress.done > len(REVIEWS), "cells of the new column")
        assert lab.bench._desk._first._host._client is host
        await lab.finish()
        assert lab.bench.view.table.progress.done == 2 * len(REVIEWS)
        assert lab.bench._desk._first._host._client is None  # whoever is done needs no memory


async def test_the_mouse_moves_the_cursor_and_opens_a_cell(start_lab: StartLab) -> None:
    async with start_lab(reply="Hi") as lab:
        await lab.type_row("First")
        await lab.type_row("Second")
        grid = lab.screen.grid
        await lab.program.pilot.click(grid, offset=(2, grid.size.height - 1))
        lines = [grid.render_line(y).text for y in range(grid.size.height)]
        at = next(y for y, line in enumerate(lines) if "Second" in line)
        await lab.program.pilot.click(grid, offset=(2, at))
        assert (grid.row, grid.column) == (1, INPUTS)
        await lab.program.pilot.click(grid, offset=(60, at), times=2)
        cell = await lab.shown("CellScreen")
        assert cell.spot == (1, 0)


async def test_a_model_that_is_not_loaded_is_asked_for_its_prompt(start_lab: StartLab, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name, content in model_files().items():
        (other / name).write_bytes(content)
    async with start_lab(reply="Hi", beginning="<s>") as lab:
        await lab.type_row("Why?")
        await lab.press("e")
        form = await lab.shown("ColumnForm")
        form.query_one("#row-model", FormRow).text = str(other)
        await lab.press("enter")
        await lab.shown("LabScreen")
        await lab.press("enter")
        cell = await lab.shown("CellScreen")
        remark, prompt = cell.query_one("#cell-remark"), cell.query_one("Preview").children[0]
        await lab.until(lambda: "M asks the model" in str(remark.render()), "the template's own words")
        assert "<s>" not in str(prompt.render())
        await lab.press("m")
        await lab.until(lambda: "of 512 tokens" in str(remark.render()), "the model's answer")
        assert "<s>" in str(prompt.render())
