"""The chat, driven as a person drives it: every action of the table that talks, edits or walks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.widgets import Static

from engine.conversations import Store
from engine.memory import Memory, load_memory
from engine.paths import Paths
from engine.protocol import AnyCommand, Generate, SamplingChange
from engine.settings import Settings
from tui.palette import ActionsProvider
from tui.screens.template_picker import TemplatePicker
from tui.state.chat import FAULT_ID, shown_lines
from tui.state.model import ModelState
from tui.widgets.dock import Dock
from tui.widgets.footer import Footer
from tui.widgets.sidebar import Sidebar
from tui.widgets.transcript import Transcript

Start = Callable[..., Any]


async def test_a_message_is_answered_and_both_are_kept(start: Start, paths: Paths) -> None:
    async with start(reply="Hello there") as program:
        await program.ready()
        await program.say("Hi")
        assert program.texts() == ["Hi", "Hello there"]
        assert program.composer.text == ""
        figures = program.session.state.turns[-1].figures
        assert figures is not None
        assert (figures.reason, figures.tokens > 0) == ("stop", True)
    store = Store.open(paths.conversations_file)
    (conversation,) = store.conversations()
    assert conversation.title == "Hi"
    assert [turn.text for turn in store.path(conversation.id)] == ["Hi", "Hello there"]
    store.close()


async def test_enter_sends_and_ctrl_j_makes_a_line(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.pilot.press("a", "ctrl+j", "b", "enter")
        await program.until(lambda: len(program.texts()) == 2 and not program.session.state.busy)
        assert program.texts()[0] == "a\nb"


async def test_an_empty_composer_sends_nothing(start: Start) -> None:
    async with start() as program:
        await program.ready()
        for text in ("", "  \n "):
            program.composer.put(text)
            await program.pilot.press("enter")
            assert program.session.state.reply is None
            assert program.composer.text == text
        await program.say("x")
        assert program.texts()[0] == "x"


async def test_up_recalls_what_was_said(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("first")
        await program.say("second")
        await program.pilot.press("up")
        assert program.composer.text == "second"
        await program.pilot.press("up")
        assert program.composer.text == "first"
        await program.pilot.press("down", "down")
        assert program.composer.text == ""


async def test_up_recalls_in_a_new_conversation_what_was_said_in_others(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("first")
        await program.pilot.press("ctrl+n")
        await program.until(lambda: not program.session.state.turns)
        await program.pilot.press("up")
        assert program.composer.text == "first"


async def test_stop_keeps_the_partial_reply(start: Start) -> None:
    async with start(tokens=10_000, token_delay_s=0.002) as program:
        await program.ready()
        program.composer.put("Go on for long")
        await program.pilot.press("enter")
        await program.until(lambda: program.session.state.reply and program.session.state.reply.tokens > 3)
        await program.pilot.press("escape")
        await program.until(lambda: not program.session.state.busy)
        turn = program.session.state.turns[-1]
        assert turn.text
        assert turn.figures is not None
        assert turn.figures.reason == "cancelled"


async def test_a_second_message_waits_in_the_composer_while_a_reply_comes(start: Start) -> None:
    async with start(tokens=10_000, token_delay_s=0.002) as program:
        await program.ready()
        program.composer.put("one")
        await program.pilot.press("enter")
        await program.until(lambda: program.session.state.reply and program.session.state.reply.tokens > 1)
        program.composer.put("two")
        await program.pilot.press("enter")
        assert program.composer.text == "two"
        await program.pilot.press("escape")
        await program.until(lambda: not program.session.state.busy)
        assert program.composer.text == "two"


async def test_regenerating_makes_a_version_and_alt_arrows_walk(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("Hi")
        first = program.session.state.turns[-1].id
        await program.pilot.press("ctrl+r")
        await program.until(lambda: program.session.state.turns[-1].id != first and not program.session.state.busy)
        second = program.session.state.turns[-1]
        assert (second.version, second.versions) == (2, 2)
        await program.pilot.press("alt+left")
        assert program.session.state.turns[-1].id == first
        await program.pilot.press("alt+left")
        assert program.session.state.turns[-1].id == first
        await program.pilot.press("alt+right")
        assert program.session.state.turns[-1].id == second.id


async def test_continuing_keeps_the_old_reply_as_a_version(start: Start) -> None:
    async with start(reply="abc def") as program:
        await program.ready()
        await program.say("Hi")
        await program.pilot.press("ctrl+g")
        await program.until(lambda: program.session.state.turns[-1].versions == 2 and not program.session.state.busy)
        assert program.texts()[-1] == "abc defabc def"
        await program.pilot.press("alt+left")
        assert program.texts()[-1] == "abc def"


async def test_editing_a_message_branches(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("Hi")
        await program.say("More")
        first = program.session.state.turns[0].id
        program.screen.query_one(Transcript).focus()
        await program.pilot.press("home", "e")
        assert program.session.state.editing is not None
        assert program.composer.text == "Hi"
        program.composer.put("Hello")
        await program.pilot.press("enter")
        await program.until(lambda: program.texts()[:1] == ["Hello"] and not program.session.state.busy)
        assert len(program.texts()) == 2
        assert program.session.state.turns[0].versions == 2
        program.session.conversations.show_version(program.session.state.turns[0], -1)
        assert program.session.state.turns[0].id == first
        assert len(program.texts()) == 4


async def test_escape_leaves_editing_and_brings_the_draft_back(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("Hi")
        program.composer.put("half a thought")
        await program.pilot.press("alt+e")
        assert program.composer.text == "Hi"
        await program.pilot.press("escape")
        assert program.session.state.editing is None
        assert program.composer.text == "half a thought"


async def test_editing_a_reply_keeps_the_models_own(start: Start) -> None:
    async with start(reply="Wrong") as program:
        await program.ready()
        await program.say("Hi")
        program.screen.query_one(Transcript).focus()
        await program.pilot.press("end", "e")
        assert program.composer.text == "Wrong"
        program.composer.put("Right")
        await program.pilot.press("enter")
        await program.pilot.pause()
        assert program.texts() == ["Hi", "Right"]
        assert program.session.state.turns[-1].versions == 2


@pytest.mark.parametrize(("keys", "copied"), [(("alt+c",), "Hello"), (("focus", "home", "c"), "Hi")])
async def test_copying_a_turn(start: Start, keys: tuple[str, ...], copied: str) -> None:
    async with start(reply="Hello", size=(90, 30)) as program:
        await program.ready()
        await program.say("Hi")
        if len(keys) > 1:
            program.screen.query_one(Transcript).focus()
            keys = keys[1:]
        await program.pilot.press(*keys)
        await program.pilot.pause()
        assert program.app.clipboard == copied


async def test_a_failed_reply_gives_the_message_back(start: Start) -> None:
    async with start(fail_generate="failed") as program:
        await program.ready()
        program.composer.put("precious words")
        await program.pilot.press("enter")
        await program.until(lambda: program.session.state.fault is not None)
        await program.until(lambda: program.composer.text == "precious words")
        lines = shown_lines(program.session.state)
        assert [line.id for line in lines] == [FAULT_ID]
        assert lines[0].note


async def test_a_dead_host_keeps_the_partial_reply_and_the_next_message_works(start: Start) -> None:
    async with start(die_after=4) as program:
        await program.ready()
        program.composer.put("Hi")
        await program.pilot.press("enter")
        await program.until(lambda: len(program.texts()) == 2 and not program.session.state.busy)
        turn = program.session.state.turns[-1]
        assert turn.text
        assert turn.figures is not None
        assert turn.figures.reason == "failed"
        assert turn.note
        assert program.session.state.model.info is None
        program.composer.put("Again")
        await program.pilot.press("enter")
        await program.until(lambda: len(program.texts()) == 4 and not program.session.state.busy)
        assert program.texts()[2] == "Again"
        assert program.texts()[3]


async def test_a_message_sent_while_the_model_loads_is_answered_then(start: Start) -> None:
    async with start(load_delay_s=0.2) as program:
        program.composer.put("early")
        await program.pilot.press("enter")
        assert program.composer.text == ""
        await program.until(lambda: program.texts()[:1] == ["early"] and not program.session.state.busy)


async def test_a_failed_load_gives_the_waiting_message_back(start: Start) -> None:
    async with start(load_delay_s=0.2, fail_load="load-failed") as program:
        program.composer.put("early")
        await program.pilot.press("enter")
        await program.until(lambda: program.composer.text == "early")
        assert program.session.state.fault is not None


async def test_without_a_model_the_picker_is_offered_and_the_message_stays(start: Start) -> None:
    async with start() as program:
        await program.ready()
        program.session._desk.change(model=ModelState())  # as it is between the first frame and the first load
        program.composer.put("anyone there?")
        await program.pilot.press("enter")
        await program.until(lambda: type(program.app.screen).__name__ == "ModelPicker")
        await program.pilot.press("escape")
        assert program.composer.text == "anyone there?"


async def test_the_first_start_opens_with_the_starter(start: Start) -> None:
    async with start(model="") as program:
        await program.ready()
        assert program.session.state.model.ref == "starter"
        await program.until(lambda: "ships with Tunesmith" in str(program.screen.query_one("#welcome-text").render()))
        assert program.screen.memory.model == "starter"


async def test_a_draft_survives_a_crash(start: Start, paths: Paths) -> None:
    async with start() as program:
        await program.ready()
        program.composer.put("not sent yet")
        store = Store.open(paths.conversations_file)
        await program.until(lambda: store.draft(None) == "not sent yet", "the draft in the store")
        store.close()
    async with start() as program:
        assert program.composer.text == "not sent yet"


async def test_a_message_whose_answer_never_began_survives_a_crash(start: Start, paths: Paths) -> None:
    async with start(load_delay_s=30) as program:
        program.composer.put("sent too early")
        await program.pilot.press("enter")
        store = Store.open(paths.conversations_file)
        await program.until(lambda: store.draft(None) == "sent too early", "the message in the store")
        store.close()


async def test_conversations_are_listed_opened_and_begun_anew(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("First one")
        await program.pilot.press("ctrl+n")
        assert program.texts() == []
        await program.say("Second one")
        program.screen.query_one("#sidebar-list").focus()
        await program.pilot.press("end", "enter")
        await program.until(lambda: program.texts()[:1] == ["First one"])


async def test_what_is_typed_over_the_list_of_conversations_goes_to_the_composer(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("First one")
        await program.pilot.press("ctrl+b", "ctrl+b")
        assert program.composer.has_focus, "unfolding takes no focus"
        await program.pilot.press("ctrl+b", "alt+g")
        assert program.screen.query_one("#sidebar-list").has_focus
        await program.pilot.press(*"draw", "space", *"red")
        assert program.composer.text == "draw red"
        assert program.composer.has_focus
        assert len(program.session.store.conversations()) == 1


async def test_a_conversation_is_deleted_and_brought_back_from_the_list(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("First one")
        await program.pilot.press("ctrl+n")
        await program.say("Second one")
        await program.pilot.press("alt+g", "end", "delete")
        await program.until(lambda: len(program.session.store.conversations()) == 1)
        await program.pilot.press("ctrl+z")
        await program.until(lambda: len(program.session.store.conversations()) == 2)
        await program.pilot.press("f2")
        await program.until(lambda: type(program.app.screen).__name__ == "LinePrompt")


async def test_drafts_belong_to_their_conversations(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("First one")
        first = program.session.state.conversation_id
        program.composer.put("for the first")
        await program.pilot.press("ctrl+n")
        assert program.composer.text == ""
        program.composer.put("for a new one")
        program.screen.open_conversation(first)
        assert program.composer.text == "for the first"
        await program.pilot.press("ctrl+n")
        assert program.composer.text == "for a new one"


async def test_an_edit_is_not_lost_by_opening_another_conversation(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("First one")
        first = program.session.state.conversation_id
        await program.pilot.press("alt+e")
        program.composer.put("First one, but better")
        await program.pilot.press("ctrl+n")
        program.screen.open_conversation(first)
        assert program.composer.text == "First one, but better"


async def test_a_reply_goes_on_while_another_conversation_is_open(start: Start) -> None:
    async with start(tokens=300, token_delay_s=0.002) as program:
        await program.ready()
        program.composer.put("Take your time")
        await program.pilot.press("enter")
        await program.until(lambda: len(program.texts()) == 2)
        first = program.session.state.conversation_id
        await program.pilot.press("ctrl+n")
        assert program.texts() == []
        await program.until(lambda: not program.session.state.busy)
        program.screen.open_conversation(first)
        turn = program.session.state.turns[-1]
        assert turn.figures is not None
        assert (turn.figures.reason, turn.figures.tokens) == ("stop", 300)


async def test_deleting_can_be_undone(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("Keep me")
        await program.screen.run_action("delete_chat")
        assert program.texts() == []
        assert program.session.store.conversations() == ()
        await program.screen.run_action("undo_delete")
        assert program.texts()[0] == "Keep me"


async def test_renaming(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("Keep me")
        await program.pilot.press("f2")
        await program.until(lambda: program.app.screen is not program.screen)
        await program.pilot.press("end", "ctrl+u", *"New", "enter")
        await program.until(lambda: program.session.store.conversations()[0].title == "New")


@pytest.mark.parametrize("ending", ["md", "json"])
async def test_exporting(start: Start, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"chat.{ending}"
    async with start(reply="Hello") as program:
        await program.ready()
        await program.say("Hi")
        program.composer.put(f"/export {file}")
        await program.pilot.press("enter")
        await program.until(file.exists)
        text = file.read_text()
        assert "Hello" in text
        if ending == "json":
            assert json.loads(text)
        program.composer.put(f"/export {file}")
        await program.pilot.press("enter")
        await program.pilot.pause()
        assert file.read_text() == text


async def test_an_export_that_the_disk_has_no_room_for_leaves_nothing(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    async with start() as program:
        await program.ready()
        await program.say("Hi")
        (tmp_path / "out").mkdir()
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full)
            program.composer.put(f"/export {tmp_path / 'out' / 'chat.md'}")
            await program.pilot.press("enter")
            await program.until(lambda: any("No space left" in n.message for n in program.app._notifications))
        assert list((tmp_path / "out").iterdir()) == []


async def test_slash_commands_choose_model_and_template(start: Start) -> None:
    async with start() as program:
        await program.ready()
        program.composer.put("/template story")
        await program.pilot.press("enter")
        await program.until(lambda: program.session.state.template.id == "story")
        program.composer.put("/model other")
        await program.pilot.press("enter")
        await program.until(lambda: program.session.state.model.ref == "other")
        program.composer.put("/template nonsense")
        await program.pilot.press("enter")
        await program.pilot.pause()
        assert program.session.state.template.id == "story"


async def test_the_template_is_remembered_by_its_conversation(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("With plain words")
        first = program.session.state.conversation_id
        before = program.session.state.template.id
        await program.pilot.press("ctrl+n")
        program.session.prompting.choose_template("story")
        await program.say("dragons")
        assert "Story" in program.session.state.turns[-1].template
        program.screen.open_conversation(first)
        assert program.session.state.template.id == before


async def test_a_model_is_talked_to_with_the_template_of_its_training(start: Start) -> None:
    memory = Memory(template="story", model="fake")
    async with start(memory=memory, model="run:tickets") as program:
        await program.ready()
        assert program.session.state.template.name == "Tickets"
        await program.say("It does not print")
        await program.pilot.press("ctrl+t")
        picker = program.app.screen
        assert isinstance(picker, TemplatePicker)
        first = picker._listing.templates[0]
        assert (first.name, first.description) == ("Tickets", "What run:tickets was trained with.")
        await program.pilot.press("escape")
        program.session.prompting.choose_template("plain")
        assert program.session.state.template.id == "plain"
        program.session.prompting.choose_template("trained")
        assert program.session.state.template.name == "Tickets"
        talk = program.session.state.conversation_id
        await program.pilot.press("ctrl+n")
        program.session.model.load("fake")
        await program.until(lambda: program.session.state.model.info.ref == "fake")
        assert program.session.state.template.id == "plain"
        program.screen.open_conversation(talk)
        await program.until(lambda: any("comes with it" in n.message for n in program.app._notifications))


async def test_a_template_that_is_asked_for_wins_over_that_of_the_training(start: Start) -> None:
    async with start(model="run:tickets", template="story") as program:
        await program.ready()
        assert program.session.state.template.id == "story"


async def test_variables_get_a_form_and_reach_the_model(start: Start) -> None:
    async with start() as program:
        await program.ready()
        program.session.prompting.choose_template("translate")
        form = program.screen.query_one("#variables")
        await program.until(lambda: form.display and form.query("Input"))
        field = form.query("Input").first()
        field.focus()
        await program.pilot.press("end", "ctrl+u", *"German")
        await program.until(lambda: "German" in program.session.state.variables.values())
        assert "German" in program.session.prompting.prompt_for("x").variables.values()


async def test_a_users_template_is_picked_up_while_the_program_runs(start: Start, paths: Paths) -> None:
    async with start() as program:
        await program.ready()
        paths.templates.mkdir(parents=True)
        text = 'name = "Shout"\ndescription = "Loud"\nkind = "completion"\nbody = "{{ message | upper }}"\n'
        (paths.templates / "shout.toml").write_text(text)
        await program.until(lambda: any(t.id == "shout" for t in program.screen.services.library.listing.templates))
        program.session.prompting.choose_template("shout")
        (paths.templates / "shout.toml").write_text(text.replace("upper", "lower"))
        await program.until(lambda: "lower" in program.session.state.template.body)


async def test_sampling_is_kept_and_sent(start: Start) -> None:
    async with start() as program:
        await program.ready()
        program.session.prompting.choose_sampling(SamplingChange(temperature=0.0, seed=3))
        sent: list[AnyCommand] = []
        run = program.screen.session._desk.bridge.run

        def watch(command: AnyCommand) -> None:
            sent.append(command)
            run(command)

        program.screen.session._desk.bridge.run = watch
        await program.say("Hi")
        generate = next(command for command in sent if isinstance(command, Generate))
        assert (generate.sampling.temperature, generate.sampling.seed) == (0.0, 3)
        assert program.session.state.conversation.sampling == SamplingChange(temperature=0.0, seed=3)


async def test_the_precision_that_a_model_was_opened_in_is_remembered_for_that_model(
    start: Start, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start() as program:
        await program.ready()
        assert load_memory(paths.memory_file).dtype == ""
        program.session.model.load("fake", dtype="int8")
        await program.until(lambda: program.screen.memory.dtype == "int8", "the precision to be remembered")
    memory = load_memory(paths.memory_file)
    assert (memory.model, memory.device, memory.dtype) == ("fake", "", "int8")
    async with start(memory=memory, model="") as program:
        await program.ready()
        assert program.session.model.dtype == "int8"
    async with start(memory=memory, model="starter") as program:
        await program.ready()
        assert program.session.model.dtype == "auto"


async def test_folding_and_theme_are_remembered(start: Start, paths: Paths) -> None:
    async with start() as program:
        await program.ready()
        assert program.screen.query_one(Sidebar).display
        await program.pilot.press("ctrl+b", "ctrl+l", "f6", "f5")
        assert not program.screen.query_one(Sidebar).display
        assert program.screen.query_one(Dock).display
        assert program.app.theme == "tunesmith-light"
        assert program.screen.query_one(Transcript).markdown
    memory = load_memory(paths.memory_file)
    assert (memory.sidebar_folded, memory.dock_shown, memory.theme, memory.markdown) == (True, True, "light", True)
    assert memory.model == "fake"


@pytest.mark.parametrize(
    ("key", "screen"),
    [
        ("f1", "HelpScreen"),
        ("f12", "LogScreen"),
        ("ctrl+o", "ModelPicker"),
        ("ctrl+t", "TemplatePicker"),
        ("ctrl+s", "SamplingForm"),
        ("ctrl+f", "SearchScreen"),
        ("ctrl+p", "CommandPalette"),
    ],
)
async def test_dialogs_open_and_escape_closes_them(start: Start, key: str, screen: str) -> None:
    async with start() as program:
        await program.ready()
        program.composer.put("stays")
        await program.pilot.press(key)
        await program.until(lambda: type(program.app.screen).__name__ == screen, screen)
        await program.pilot.press("escape")
        await program.until(lambda: program.app.screen is program.screen)
        assert program.composer.text == "stays"


async def test_the_window_meter_counts_what_would_be_sent(start: Start) -> None:
    async with start() as program:
        await program.ready()
        program.composer.put("one two three four")
        await program.until(lambda: program.session.state.counted is not None)
        assert program.session.state.counted.tokens >= 4


async def test_cancelling_a_load(start: Start) -> None:
    async with start(load_delay_s=30) as program:
        await program.until(lambda: program.session.state.model.phase == "loading")
        await program.screen.run_action("cancel_load")
        await program.until(lambda: program.session.state.model.phase != "loading")
        assert program.session.state.model.info is None


async def test_quit_in_mid_reply_keeps_what_came(start: Start, paths: Paths) -> None:
    async with start(tokens=10_000, token_delay_s=0.002) as program:
        await program.ready()
        program.composer.put("Hi")
        await program.pilot.press("enter")
        await program.until(lambda: program.session.state.reply and program.session.state.reply.tokens > 5)
        await program.pilot.press("ctrl+q")
    store = Store.open(paths.conversations_file)
    (conversation,) = store.conversations()
    turn = store.path(conversation.id)[-1]
    assert turn.text
    assert turn.figures is not None
    assert turn.figures.reason == "cancelled"
    store.close()


async def test_what_is_typed_after_a_quick_enter_stays(start: Start) -> None:
    async with start() as program:
        await program.ready()
        for key in "one":
            program.app.post_message(Key(key, key))
        program.app.post_message(Key("enter", "\r"))
        for key in "two":
            program.app.post_message(Key(key, key))
        await program.until(lambda: program.composer.text == "two", "what was typed behind it")
        await program.until(lambda: program.texts()[:1] == ["one"] and not program.session.state.busy)
        assert program.composer.text == "two"


async def test_the_welcome_names_the_keys_that_the_user_set(start: Start) -> None:
    async with start(settings=Settings(keys={"pick_model": "f4"})) as program:
        await program.ready()
        words = program.screen.query_one("#welcome-text", Static).content
        assert "F4  another model" in str(words)
        assert "Ctrl+T  another prompt template" in str(words)


async def test_the_palette_puts_what_has_the_word_before_what_has_its_letters(start: Start) -> None:
    async with start() as program:
        await program.ready()
        provider = ActionsProvider(program.screen)
        hits = sorted([hit async for hit in provider.search("theme")], reverse=True)
        assert hits[0].text == "Switch between light and dark"


async def test_versions_are_walked_through_where_there_are_some(start: Start) -> None:
    async with start() as program:
        await program.ready()
        await program.say("First wording")
        await program.pilot.press("alt+e")
        await program.until(lambda: program.session.state.editing is not None)
        program.composer.put("Second wording")
        await program.pilot.press("enter")
        await program.until(lambda: program.texts()[:1] == ["Second wording"] and not program.session.state.busy)
        await program.pilot.press("alt+left")
        await program.until(lambda: program.texts()[:1] == ["First wording"])
        await program.pilot.press("alt+right")
        await program.until(lambda: program.texts()[:1] == ["Second wording"])


async def test_a_key_on_the_last_line_is_pressed_with_the_mouse(start: Start) -> None:
    async with start() as program:
        await program.ready()
        footer = program.screen.query_one(Footer)
        place = str(footer.content).index("Model")
        await program.pilot.hover(footer, offset=(place, 0))
        await program.until(lambda: footer.tooltip, "what the key does")
        await program.pilot.click(footer, offset=(place, 0))
        await program.until(lambda: type(program.app.screen).__name__ == "ModelPicker")


async def test_a_notice_is_not_repeated_while_it_stands_there(start: Start) -> None:
    async with start() as program:
        await program.ready()
        for _ in range(5):
            await program.pilot.press("alt+left")
        assert [note.message for note in program.app._notifications] == ["There is one version of everything here"]
