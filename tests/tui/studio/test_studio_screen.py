"""The studio, as a person uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.widgets import Input, OptionList

from engine.paths import Paths
from engine.templates import Library, authoring
from engine.templates.drafts import Draft, TemplateDrafts
from tests.tui.conftest import Program
from tests.tui.dialogs.host import burst
from tests.tui.runs.watching import on_screen, until_shown
from tests.tui.studio.slow_disk import SlowDisk, SlowLook
from tui.screens.line_prompt import LinePrompt
from tui.screens.question import Question
from tui.screens.studio import StudioScreen
from tui.screens.studio.opening import TemplateOpener
from tui.screens.template_picker import TemplatePicker
from tui.widgets.filter_list import FilterList
from tui.widgets.template_editor import TemplateEditor

Start = Callable[..., Any]
MINE = 'name = "Mine"\nbody = """\nSing of {{ message | trim }}:\n"""\n'


@pytest.fixture
def mine(paths: Paths) -> Path:
    return authoring.create(Library(paths.templates), "Mine", MINE)


def studio(program: Program) -> StudioScreen:
    found = program.screen.open_studio_screen
    assert found is not None
    return found


def editor(program: Program) -> TemplateEditor:
    return studio(program).query_one(TemplateEditor)


def written(file: Path) -> str:
    return file.read_text()


def write(file: Path, text: str) -> None:
    """As another program would."""
    file.write_text(text)


def remove(file: Path) -> None:
    """As another program would."""
    file.unlink()


async def until_told(program: Program, words: str) -> None:
    """Wait for a notice."""
    await program.until(lambda: any(words in notice.message for notice in program.app._notifications), words)


async def opened(program: Program, name: str = "mine") -> StudioScreen:
    await program.ready()
    program.screen.open_studio(name)
    await program.until(lambda: isinstance(program.app.screen, StudioScreen), "the studio")
    await looked(program)
    return studio(program)


async def looked(program: Program) -> None:
    await program.until(lambda: studio(program).state.examined and not studio(program)._is_looking, "a look")


async def rewrite(program: Program, text: str) -> None:
    """Replace the text as somebody would who pastes."""
    area = editor(program)
    area.focus()
    await program.pilot.press("ctrl+a")
    area.select_all()
    area.replace(text, *sorted((area.selection.start, area.selection.end)))
    await program.until(lambda: studio(program).desk.now.text == text, "the text")
    await looked(program)


async def answer(program: Program, text: str) -> None:
    """Type a line into the question that is open."""
    await program.until(lambda: isinstance(program.app.screen, LinePrompt), "a question")
    program.app.screen.query_one(Input).value = text
    await program.pilot.press("enter")


async def test_alt_t_opens_it_on_the_template_in_use(start: Start) -> None:
    async with start(template="story") as program:
        await program.ready()
        await program.pilot.press("alt+t")
        await until_shown(program, "shipped, read-only", "Write a creative story about Tell me")
        assert editor(program).read_only


async def test_the_prompt_is_seen_while_it_is_typed(start: Start, mine: Path) -> None:
    async with start(beginning="<s>") as program:
        await opened(program)
        await until_shown(program, "<s>Sing of Tell me about the sea.:")
        editor(program).move_cursor((2, 0))
        await program.pilot.press(*"Oh ")
        await until_shown(program, "Oh Sing of Tell me about the sea.:", "mine.toml · not saved")
        studio(program).query_one("#studio-message", Input).value = "rain"
        await until_shown(program, "Oh Sing of rain:")
        assert written(mine) == MINE


async def test_variables_can_be_filled_in(start: Start, mine: Path) -> None:
    async with start() as program:
        await opened(program)
        await rewrite(program, 'body = "{{ message }} by {{ poet }}"\n[variables.poet]\ndefault = "Issa"\n')
        await until_shown(program, "sea. by Issa")
        await program.until(lambda: studio(program).query("Blank Input"), "the blank")
        studio(program).query_one("Blank Input", Input).value = "Buson"
        await until_shown(program, "sea. by Buson")


async def test_faults_are_told_with_their_line_and_lead_there(start: Start, mine: Path) -> None:
    async with start() as program:
        await opened(program)
        await rewrite(program, MINE.replace("message", "mesage"))
        await until_shown(program, "line 3: the body uses", "A template with faults shows no prompt.")
        assert editor(program)._marked_lines == {3: "fault"}
        editor(program).move_cursor((0, 0))
        await program.pilot.press("f8")
        assert editor(program).cursor_location == (2, 0)
        editor(program).move_cursor((0, 0))
        findings = studio(program).query_one(OptionList)
        findings.focus()
        await program.pilot.press("down", "enter")
        await program.until(lambda: editor(program).cursor_location == (2, 0), "the cursor on line 3")
        assert editor(program).has_focus
        editor(program).move_cursor((0, 0))
        await program.pilot.click(findings, offset=(5, 1))
        await program.until(lambda: editor(program).cursor_location == (2, 0), "the cursor on line 3")


async def test_traps_are_told_with_the_model_in_mind(start: Start, mine: Path) -> None:
    async with start(context=40) as program:
        await opened(program)
        example = '[[examples]]\ninput = "a"\noutput = "' + "word " * 60 + '"\n'
        await rewrite(program, 'body = "{{ examples[0].output }}<|im_start|>{{ message }} "\n' + example)
        await program.until(lambda: len(studio(program).state.findings) == 3, "three findings")
        titles = [finding.title for finding in studio(program).state.findings]
        assert [finding.line for finding in studio(program).state.findings] == [1, 1, 2]
        assert "is a base model" in titles[0]
        assert "ends in a blank" in titles[1]
        assert "overflow the model's window" in titles[2]


async def test_it_runs_unsaved_and_streams_below(start: Start, mine: Path) -> None:
    async with start(reply="All is {prompt}") as program:
        await opened(program)
        await rewrite(program, MINE.replace("Sing", "Speak"))
        await program.pilot.press("ctrl+r")
        await until_shown(program, "All is Tell me about the sea.", "tok/s")
        run = studio(program).state.run
        assert run is not None
        assert "Speak of" in run.asked.prompt.template.body
        assert written(mine) == MINE
        assert program.texts() == []


async def test_escape_stops_the_run_and_then_goes_back(start: Start, mine: Path) -> None:
    async with start(reply="word " * 500, token_delay_s=0.05, tokens=500) as program:
        await opened(program)
        await program.pilot.press("f5")
        await program.until(lambda: (run := studio(program).state.run) and run.tokens > 1, "some tokens")
        await program.pilot.press("escape")
        await program.until(lambda: not studio(program).state.is_running, "the end of the run")
        run = studio(program).state.run
        assert run is not None
        assert run.figures is not None
        assert run.figures.reason == "cancelled"
        await program.pilot.press("escape")
        await program.until(lambda: program.app.screen is program.screen, "the chat")


async def test_without_a_model_it_says_so(start: Start, mine: Path) -> None:
    async with start(model="", memory=None, fail_load="x") as program:
        program.screen.open_studio("mine")
        await program.until(lambda: isinstance(program.app.screen, StudioScreen), "the studio")
        await until_shown(program, "no model to count tokens", "Sing of Tell me")
        await program.pilot.press("ctrl+r")
        await until_told(program, "Pick a model first")


async def test_a_slow_prompt_is_said_to_be_rendered_and_no_other_ones_is_shown(
    start: Start, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowLook(monkeypatch)
    async with start() as program:
        await opened(program)
        await until_shown(program, "Sing of Tell me")
        with slow:
            studio(program).open("story")
            await until_shown(program, "story · shipped", "The prompt is being rendered…")
            assert "Sing of" not in prompt_shown(program)
        await until_shown(program, "Write a creative story about Tell me")
        with slow:
            studio(program).query_one("#studio-message", Input).value = "rain"
            await until_shown(program, "Still being rendered", "Write a creative story about Tell me")
        await until_shown(program, "Write a creative story about rain")
        assert "Still being rendered" not in on_screen(program)


async def test_what_fails_when_it_is_rendered_is_not_counted(start: Start, mine: Path) -> None:
    async with start() as program:
        await opened(program)
        await rewrite(program, 'body = "{{ 1 // 0 }}"\n')
        await until_shown(program, "no prompt, so nothing is counted")


async def test_what_is_typed_right_before_running_is_run(start: Start, mine: Path) -> None:
    async with start(reply="All is {prompt}") as program:
        await opened(program)
        editor(program).move_cursor((2, 0))
        burst(program.app, *"Oh", "ctrl+r")
        await program.until(lambda: studio(program).state.run, "the run")
        run = studio(program).state.run
        assert run is not None
        assert "OhSing of" in run.asked.prompt.template.body


async def test_a_key_with_alt_types_nothing(start: Start, mine: Path) -> None:
    async with start() as program:
        await opened(program)
        assert editor(program).has_focus
        program.app.post_message(events.Key("alt+x", "x"))  # as a terminal tells it
        await program.pilot.press("end")
        assert editor(program).text == MINE


async def test_the_list_marks_what_is_not_saved_and_has_what_is_nowhere_else(
    start: Start, mine: Path, paths: Paths
) -> None:
    drafts = TemplateDrafts(paths.template_drafts)
    for name in ("lost", "thrown"):
        drafts.keep(name, Draft('body = "unsaved"', None))
    (paths.templates / authoring.DELETED).mkdir()
    (paths.templates / authoring.DELETED / "thrown.toml").write_text(MINE)
    async with start() as program:
        await opened(program)
        await rewrite(program, MINE.replace("Sing", "Speak"))
        await program.pilot.press("ctrl+t")
        await until_shown(
            program, "Open a template", "yours · not saved", "Not saved, and their files are gone", "lost"
        )
        assert on_screen(program).count("· not saved") == 1
        assert "thrown" not in on_screen(program)
        program.app.screen.query_one("#filter", Input).value = "lost"
        await program.until(lambda: "Sing" not in on_screen(program), "the list")
        await program.until(
            lambda: program.app.screen.query_one(FilterList).highlighted_id == "draft:lost", "the draft"
        )
        await program.pilot.press("enter")
        await until_shown(program, "lost.toml", "unsaved")
        assert editor(program).text == 'body = "unsaved"'


async def test_a_file_with_a_taken_name_is_taken_in_under_another(start: Start, mine: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "mine.toml"
    theirs.write_text(MINE.replace("Sing", "Whistle"))
    async with start() as program:
        await opened(program)
        await program.pilot.press("alt+i")
        await answer(program, str(theirs))
        await until_shown(program, "The name mine can't be had here")
        await answer(program, "Theirs")
        await until_shown(program, "theirs.toml · saved", "Whistle of")
        assert written(mine) == MINE


async def test_it_is_exported_over_a_file_only_after_a_question(start: Start, mine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.toml"
    out.write_text("of somebody else")
    async with start() as program:
        await opened(program)
        await program.pilot.press("f4")
        await answer(program, str(out))
        await program.until(lambda: isinstance(program.app.screen, Question), "a question")
        await program.pilot.press("escape")
        await program.until(lambda: isinstance(program.app.screen, LinePrompt), "the line again")
        assert written(out) == "of somebody else"
        await program.pilot.press("enter")
        await program.until(lambda: isinstance(program.app.screen, Question), "a question")
        await program.pilot.press("y")
        await until_told(program, "Written to")
        assert written(out) == MINE


def prompt_shown(program: Program) -> str:
    return str(studio(program).query_one("Preview").children[0].render())


async def test_tokens_are_told_apart_on_request(start: Start, mine: Path) -> None:
    async with start() as program:
        await opened(program)
        await program.pilot.press("alt+o")
        await until_shown(program, "Sing│·of│·Tell")
        await program.pilot.press("alt+o")
        await until_shown(program, "Sing of Tell")


async def test_saving_writes_the_file_and_the_chat_can_use_it(start: Start, mine: Path) -> None:
    async with start(template="plain") as program:
        await opened(program)
        await rewrite(program, MINE.replace("Sing", "Speak"))
        await program.pilot.press("ctrl+s")
        await until_shown(program, "mine.toml · saved")
        assert "Speak" in written(mine)
        await program.pilot.press("f10")
        await program.until(lambda: program.app.screen is program.screen, "the chat")
        assert program.session.state.template.id == "mine"
        assert "Speak" in program.session.state.template.body


async def test_typing_goes_on_while_the_disk_is_slow(start: Start, mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk(monkeypatch)
    async with start(template="plain") as program:
        await opened(program)
        await rewrite(program, "first")
        await program.pilot.press("ctrl+s")
        await program.until(disk.begun.is_set, "the save")
        editor(program).move_cursor((0, 5))
        await program.pilot.press(*"more")
        await program.until(lambda: studio(program).desk.now.text == "firstmore", "what was typed")
        assert written(mine) == MINE
        disk.released.set()
        await until_told(program, "Saved")
        assert written(mine) == "first"
        await until_shown(program, "mine.toml · not saved")
        await program.pilot.press("ctrl+s")
        await until_shown(program, "mine.toml · saved")
        assert written(mine) == "firstmore"


async def test_what_is_typed_right_before_saving_is_saved(start: Start, mine: Path) -> None:
    async with start(template="plain") as program:
        await opened(program)
        burst(program.app, *"#1", "ctrl+s", *"#2")
        await program.until(lambda: studio(program).desk.now.text.startswith("#1#2"), "what was typed")
        await program.until(lambda: written(mine) == f"#1{MINE}", "the file")
        await until_shown(program, "mine.toml · not saved")


async def test_the_chat_never_uses_what_is_faulty_or_not_saved(start: Start, mine: Path) -> None:
    async with start(template="mine") as program:
        await opened(program)
        await rewrite(program, "nonsense")
        await program.pilot.press("f10")
        await until_told(program, "The template has faults: mend them first")
        await program.pilot.press("ctrl+s")
        await program.until(lambda: written(mine) == "nonsense", "the file")
        await program.until(lambda: program.session.library.scan().faults, "the library")
        await program.pilot.press("escape")
        await program.until(lambda: program.app.screen is program.screen, "the chat")
        assert "Sing" in program.session.state.template.body


async def test_a_new_one_comes_from_a_skeleton(start: Start, paths: Paths) -> None:
    async with start() as program:
        await opened(program, "plain")
        await program.pilot.press("ctrl+n")
        await answer(program, "Story")
        await until_shown(program, "There is a template story already")
        await answer(program, "Haiku")
        await until_shown(program, "haiku.toml · saved", 'name = "Haiku"')
        assert (paths.templates / "haiku.toml").exists()


async def test_typing_into_a_shipped_one_offers_a_copy(start: Start, paths: Paths) -> None:
    async with start() as program:
        await opened(program, "story")
        await program.pilot.press("x")
        await until_shown(program, "It ships with the program and stays as it is")
        await answer(program, "My story")
        await until_shown(program, "my-story.toml · saved", "Write a creative story")
        assert not editor(program).read_only


async def test_it_is_duplicated_renamed_deleted_and_brought_back(start: Start, mine: Path) -> None:
    async with start() as program:
        await opened(program)
        await program.pilot.press("f9")
        await answer(program, "Second")
        await until_shown(program, "second.toml · saved")
        await program.pilot.press("f2")
        await answer(program, "Third")
        await until_shown(program, "third.toml · saved", 'name = "Third"')
        assert not mine.with_name("second.toml").exists()
        await program.pilot.press("alt+d")
        await until_told(program, "Deleted third")
        assert not mine.with_name("third.toml").exists()
        await program.pilot.press("alt+z")
        await until_shown(program, "third.toml · saved")
        assert mine.with_name("third.toml").exists()


async def test_a_file_goes_out_and_comes_in(start: Start, mine: Path, tmp_path: Path) -> None:
    async with start() as program:
        await opened(program)
        await program.pilot.press("f4")
        await answer(program, str(tmp_path / "shared.toml"))
        await program.until((tmp_path / "shared.toml").exists, "the file")
        await until_told(program, "Written to")
        await program.pilot.press("alt+i")
        await answer(program, str(tmp_path / "shared.toml"))
        await until_shown(program, "shared.toml · saved")
        await program.pilot.press("alt+i")
        await answer(program, str(tmp_path / "nothing.toml"))
        await until_told(program, "can't be read")


async def test_another_programs_change_is_never_overwritten_silently(start: Start, mine: Path) -> None:
    async with start() as program:
        await opened(program)
        await rewrite(program, MINE + "# mine\n")
        write(mine, MINE + "# theirs\n")
        await program.pilot.press("ctrl+s")
        await until_shown(program, "Another program changed this file.", "Alt+K keeps yours")
        await until_told(program, "Not saved: another program changed the file")
        assert "# theirs" in written(mine)
        await program.pilot.press("alt+k", "ctrl+s")
        await program.until(lambda: "# mine" in written(mine), "the file")
        await rewrite(program, MINE + "# again\n")
        write(mine, MINE + "# theirs\n")
        await until_shown(program, "Alt+R takes its text")
        await program.pilot.press("alt+r")
        await program.until(lambda: "# theirs" in editor(program).text, "their text")
        write(mine, MINE + "# once more\n")
        await program.until(lambda: "# once more" in editor(program).text, "the text of the file")


async def test_unsaved_text_is_there_again(start: Start, mine: Path, paths: Paths) -> None:
    async with start() as program:
        await opened(program)
        await rewrite(program, MINE + "# typed\n")
        await program.until(lambda: TemplateDrafts(paths.template_drafts).find("mine"), "the draft")
    assert written(mine) == MINE
    async with start() as program:
        await opened(program)
        await until_shown(program, "from your draft, not saved", "# typed")
        await program.pilot.press("alt+u")
        await program.until(lambda: isinstance(program.app.screen, Question), "the question")
        await program.pilot.press("y")
        await until_shown(program, "mine.toml · saved")
        assert editor(program).text == MINE


async def test_quitting_keeps_what_was_typed_a_moment_ago(start: Start, mine: Path, paths: Paths) -> None:
    async with start() as program:
        await opened(program)
        area = editor(program)
        area.insert("# a moment ago\n", (0, 0))
        await program.until(lambda: "moment" in studio(program).desk.now.text, "the text")
        program.app.exit()
        await asyncio.sleep(0)
    draft = TemplateDrafts(paths.template_drafts).find("mine")
    assert draft is not None
    assert draft.text.startswith("# a moment ago")


async def test_the_picker_offers_to_edit_and_to_make(start: Start, mine: Path) -> None:
    async with start(template="story") as program:
        await program.ready()
        await program.pilot.press("ctrl+t")
        await program.until(lambda: isinstance(program.app.screen, TemplatePicker), "the picker")
        await program.pilot.pause()
        await program.pilot.press("ctrl+e")
        await until_shown(program, "story · shipped, read-only")
        await program.pilot.press("ctrl+t")
        await program.until(lambda: isinstance(program.app.screen, TemplateOpener), "the picker of the studio")
        await program.pilot.press(*"Mine")
        await program.pilot.pause(0.1)
        await program.pilot.press("enter")
        await until_shown(program, "mine.toml · saved")
        await program.pilot.press("escape")
        await program.until(lambda: program.app.screen is program.screen, "the chat")
        await program.pilot.press("ctrl+t")
        await program.until(lambda: isinstance(program.app.screen, TemplatePicker), "the picker")
        await program.pilot.press("ctrl+n")
        await answer(program, "Brand new")
        await until_shown(program, "brand-new.toml · saved")


async def test_a_slash_command_opens_one_by_name(start: Start, mine: Path) -> None:
    async with start() as program:
        await program.ready()
        program.composer.put("/studio mine")
        await program.pilot.press("enter")
        await until_shown(program, "mine.toml · saved")
        await program.pilot.press("escape")
        await program.until(lambda: program.app.screen is program.screen, "the chat")
        program.composer.put("/studio nothing")
        await program.pilot.press("enter")
        await until_told(program, "No template is called")


async def test_on_a_narrow_terminal_one_side_is_shown_at_a_time(start: Start, mine: Path) -> None:
    async with start(size=(80, 24)) as program:
        await opened(program)
        await until_shown(program, 'name = "Mine"')
        assert "tokens (" not in on_screen(program)
        await program.pilot.press("f3")
        await until_shown(program, "Sing of Tell me about the sea.:", "tokens (")
        assert 'name = "Mine"' not in on_screen(program)
        await program.pilot.press("f3")
        await until_shown(program, 'name = "Mine"')


async def test_what_a_file_holds_never_drives_the_terminal(start: Start, paths: Paths) -> None:
    paths.templates.mkdir(parents=True)
    (paths.templates / "evil.toml").write_bytes('body = "x"  # \x1b]52;c;aGk=\x07 \x9b31m \u202e\n'.encode())
    async with start() as program:
        await opened(program, "evil")
        ground = editor(program).background_colors[1]
        gate = program.app._visible_controls
        drawn = [strip.apply_filter(gate, ground) for strip in program.app.screen._compositor.render_strips()]
        texts = [segment.text for strip in drawn for segment in strip]
        assert all(text.isprintable() for text in texts)
        assert any("␛" in text for text in texts)


async def test_a_model_that_comes_later_counts_at_once(start: Start, mine: Path) -> None:
    async with start(load_delay_s=0.3) as program:
        program.screen.open_studio("mine")
        await program.until(lambda: isinstance(program.app.screen, StudioScreen), "the studio")
        await until_shown(program, "no model to count tokens")
        await until_shown(program, "tokens (", "mine.toml · saved  ·  fake")


async def test_the_mouse_alone_reaches_every_action(start: Start, mine: Path) -> None:
    async with start(size=(80, 24)) as program:
        await opened(program)
        await program.pilot.click("#studio-head", offset=(3, 0))
        await until_shown(program, "Text or prompt", "Stop, or back to the chat")


async def test_what_is_pasted_comes_once(start: Start, mine: Path) -> None:
    async with start() as program:
        await opened(program)
        editor(program).focus()
        editor(program).move_cursor((2, 0))
        program.app.post_message(events.Paste("Oh, "))  # as the terminal does
        await until_shown(program, "Oh, Sing of")
        assert editor(program).text == MINE.replace("Sing", "Oh, Sing")


async def test_it_opens_though_the_file_of_the_chats_template_is_gone(start: Start, mine: Path) -> None:
    async with start(template="mine") as program:
        await program.ready()
        remove(mine)
        await program.pilot.press("alt+t")
        await until_told(program, 'No template is called "mine"')
        await until_shown(program, "plain · shipped, read-only")
